"""The first run: a receiver, and messages to look at before there are any of one's own."""

from app.demo.filling import Filling, fill
from app.demo.posting import SAMPLES, post_samples, trickle
from app.demo.receiver import Received, Receiver, add_receiver

__all__ = [
    "SAMPLES",
    "Filling",
    "Received",
    "Receiver",
    "add_receiver",
    "fill",
    "post_samples",
    "trickle",
]
