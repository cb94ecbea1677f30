"""Signed webhooks out: what is said, how it is signed, when again, and the one way out."""
