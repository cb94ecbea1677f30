"""From what a gateway handed over to what the model reads."""
