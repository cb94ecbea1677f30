"""Every macro of the pages on one page, with values that try to become markup."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

from jinja2 import ChoiceLoader, DictLoader

from app.dashboard.rendering import load_shell
from app.dashboard.showing import Showing

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
SOON, LATE = NOW + timedelta(minutes=9), NOW - timedelta(hours=2)
HOSTILE = """<script>alert("1")</script>'"><img src=x onerror=alert(1)>&amp;{{ 7*7 }}"""
VOID = {"input", "link", "meta", "br", "img", "hr", "path", "rect"}
GALLERY = (Path(__file__).parent / "gallery.html").read_text(encoding="utf-8")


def a_viewer(*, role="admin", name="Ana"):
    return SimpleNamespace(name=name, role=role, may=lambda needed: role == "admin")


def environment_with(shell, templates):
    """The templates of the pages, and some of a test's own; what others have is left as it is."""
    loader = ChoiceLoader([DictLoader(templates), shell.environment.loader])
    return shell.environment.overlay(loader=loader)


def gallery(language="en", *, template="gallery.html", **changes):
    """The text of a page, as the pages make it."""
    shell = load_shell()
    environment = environment_with(shell, {"gallery.html": GALLERY})
    t = shell.catalogue[language]
    values = {
        "viewer": a_viewer(name=HOSTILE),
        "csrf": "the-token",
        "path": "/inbox",
        "here": f"/inbox?q={HOSTILE}",
        "locale": language,
        "languages": tuple(shell.catalogue),
        "t": t,
        "term": t.term,
        "static": shell.statics.path,
        "now": NOW,
        "show": Showing(t, NOW),
        "told": t("told.saved"),
        "bad": HOSTILE,
        "due": SOON,
        "late": LATE,
    }
    return environment.get_template(template).render(values | changes)


class Page(HTMLParser):
    """A page as a browser takes it apart; `unclosed` says where its elements do not nest."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.text = []
        self.unclosed = []
        self._open = []
        self.feed(html)
        self.unclosed += self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.unclosed.append(f"/{tag}")

    def handle_data(self, data):
        self.text.append(data)

    def every(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]
