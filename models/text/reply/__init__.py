"""What a sender wrote just now, apart from quotations, signatures and disclaimers."""

from models.text.reply.contact import SignatureFacts, parse_signature
from models.text.reply.split import Reply, split_reply

__all__ = ["Reply", "SignatureFacts", "parse_signature", "split_reply"]
