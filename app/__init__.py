"""The service: messages in, predictions and decisions stored, signed webhooks out."""
