"""An alert as HTML, for mail and for the notes of a CRM: everything in it is escaped."""

from collections.abc import Iterable
from html import escape

from app.webhook.formats.alert_text import AlertText


def alert_html(text: AlertText) -> str:
    """Write an alert as a piece of HTML: paragraphs, lists and links, no styles and no images."""
    return "\n".join(_parts(text))


def _parts(text: AlertText) -> Iterable[str]:
    yield f"<p><b>{escape(text.title)}</b></p>"
    facts = (f"<li><b>{escape(name)}:</b> {escape(value)}</li>" for name, value in text.facts)
    yield f"<ul>{''.join(facts)}</ul>"
    for labels, sentence in text.quotes:
        yield f"<blockquote>“{escape(sentence)}” ({escape(labels)})</blockquote>"
    if text.next_step:
        yield f"<p><b>Next:</b> {_lines(text.next_step)}</p>"
    if text.links:
        links = (f'<a href="{escape(url)}">{escape(label)}</a>' for label, url in text.links)
        yield f"<p>{' | '.join(links)}</p>"
    if text.excerpt:
        yield f"<p>{_lines(text.excerpt)}</p>"
    if text.history:
        yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in text.history)}</ul>"
    yield f"<p><small>{escape(text.footer)}</small></p>"


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))
