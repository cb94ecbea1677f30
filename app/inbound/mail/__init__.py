"""Mail providers: one module for each."""
