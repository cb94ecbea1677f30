"""Put what is read of a message into the one string that the model sees."""

from models.text.clean import clean_text


def compose_text(subject: str, text: str) -> str:
    """Join subject and text as the model reads them: cleaned, the subject first."""
    return clean_text(f"{subject}\n{text}")
