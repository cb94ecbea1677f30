"""What receivers are told: the event that is stored, and how each kind of receiver wants it."""

from app.webhook.formats.event import MAX_BODY_BYTES, event_body

__all__ = ["MAX_BODY_BYTES", "event_body"]
