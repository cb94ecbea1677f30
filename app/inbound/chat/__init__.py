"""Chat platforms and bots: one module for each."""
