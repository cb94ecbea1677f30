"""Put what is read of a message into the one string that the model sees."""

from models.text.clean import clean_text, undo_transport


def compose_text(subject: str, text: str) -> str:
    """Join subject and text as the model reads them: cleaned, the subject first."""
    return clean_text(f"{subject}\n{text}")


def text_key(subject: str, text: str) -> str:
    """Give what copies of a message share: rows of data are told apart, and divided, by it."""
    return undo_transport(f"{subject}\n{text}").casefold()
