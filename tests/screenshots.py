"""Take pictures of every page: `python -m tests.screenshots [--out docs/screenshots]`.

Runs `inlet demo` with data of its own, signs in, and looks at each page with Debian's Chromium: on
a desk and on a phone, by day and by night. Beside the folder stands a page that shows them all.
"""

import argparse
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.support_browser import Browser
from tests.support_looks import LOOKS
from tests.support_service import ROOT, Inlet, environ_of

OUT = ROOT / "docs" / "screenshots"
MAX_BYTES = 120_000  # of a picture
_COLOURS = (256, 128, 64, 32, 16)  # fewer, until a picture is small enough
_SERVES = "Serving until"
_LINK = re.compile(r"(http://\S+)/login\?link=\S+")
_DRAWN = "document.querySelectorAll('figure[data-chart]:not(:has(canvas))').length"
_LEAD = re.compile(r"with its signed request: http://[^/]+(\S+)")


@dataclass(frozen=True)
class Shot:
    """One page and what it is for; `{…}` in its address are found on other pages."""

    name: str
    address: str
    title: str
    says: str


SHOTS = (
    Shot(
        "login",
        "/login",
        "Sign-in",
        "A link that works once signs somebody in; `inlet login` prints it.",
    ),
    Shot(
        "inbox",
        "/inbox",
        "Inbox",
        "Who wrote, what they want and how sure that is, the sentence that says so, whose it is "
        "and how long it may wait. New messages appear by themselves.",
    ),
    Shot(
        "message",
        "{message}",
        "Message",
        "The newest text apart from what is quoted, everything that was said of it, why it went "
        "where it went, and what was sent to whom.",
    ),
    Shot(
        "contact",
        "{contact}",
        "Contact",
        "Everything from one person: what they wanted over time, and what they were promised.",
    ),
    Shot("account", "{account}", "Account", "The same of everybody who writes from one company."),
    Shot(
        "deliveries",
        "/deliveries",
        "Deliveries",
        "How each endpoint stands, what waits for it, and what never arrived; sent again, paused "
        "or tried by a click.",
    ),
    Shot(
        "delivery",
        "{delivery}",
        "Delivery",
        "The signed request, and each attempt with its answer.",
    ),
    Shot(
        "numbers",
        "/numbers",
        "Numbers",
        "What came in, how fast people were against what was promised, and how right the model is "
        "as corrections tell.",
    ),
    Shot(
        "model",
        "/model",
        "Model",
        "What is live and what was measured of it, other versions, and a box to try it.",
    ),
    Shot("settings", "/settings", "Settings", "The policy as text, checked before it is in force."),
    Shot("endpoints", "/settings/endpoints", "Endpoints", "Who is told, in which format."),
)


def shoot(out):
    """Take every picture, and write the page that shows them; older pictures go."""
    with tempfile.TemporaryDirectory(prefix="inlet-screenshots-") as folder:
        taken = dict(_taken(Path(folder)))
    out.mkdir(parents=True, exist_ok=True)
    for look in LOOKS:
        for old in out.glob(f"*-{look.name}.png"):
            old.unlink()
    for name, picture in taken.items():
        (out / name).write_bytes(picture)
    out.with_suffix(".md").write_text(page(out.name), encoding="utf-8")


def _taken(folder):
    environ = {**environ_of(folder), "LOGNAME": "ana"}  # who signs in
    with Inlet("demo", environ=environ, folder=folder) as demo, Browser(folder) as browser:
        demo.wait_until_it_says(_SERVES)
        link, lead = _LINK.search(demo.said()), _LEAD.search(demo.said())
        assert link is not None, demo.said()
        assert lead is not None, demo.said()
        yield from _pictures(browser, link[1], SHOTS[:1], {})
        _sign_in(browser, link[0])
        yield from _pictures(browser, link[1], SHOTS[1:], _found(browser, link[1], lead[1]))


def _sign_in(browser, link):
    browser.open(link)
    browser.value_of("document.querySelector('form[action=\"/login\"]')?.requestSubmit()")
    browser.until("location.pathname", "/inbox")


def _found(browser, url, message):
    """The addresses of a message and of what belongs to it."""
    _go(browser, url + message)
    kinds = {"contact": "/contacts/", "account": "/accounts/", "delivery": "/deliveries/dlv_"}
    return {"message": message, **{name: _first(browser, kinds[name]) for name in kinds}}


def _first(browser, start):
    """Where the first link leads that begins so."""
    found = browser.value_of(f"document.querySelector('main a[href^=\"{start}\"]')?.pathname")
    assert found, f"no link to {start} on {browser.value_of('location.pathname')}"
    return found


def _pictures(browser, url, shots, found):
    for look in LOOKS:
        browser.look_as(look)
        for shot in shots:
            _go(browser, url + shot.address.format(**found))
            yield file_name(shot, look), small(browser.picture())


def _go(browser, address):
    """Go to a page and wait until all of it is drawn."""
    browser.value_of("window.before = true")
    browser.open(address)
    browser.until("[window.before, document.readyState].join()", ",complete")
    browser.until("document.documentElement.className", "js")
    browser.until(_DRAWN, 0)
    browser.awaited("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 300)))")


def small(picture):
    """Write a picture with no more colours than its size allows."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in _COLOURS:
        buffer = io.BytesIO()
        reduced = image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        reduced.save(buffer, "PNG", optimize=True)
        if buffer.tell() < MAX_BYTES:
            break
    return buffer.getvalue()


def file_name(shot, look):
    return f"{shot.name}-{look.name}.png"


def page(folder):
    """The page that shows the pictures of a folder beside it, in Markdown."""
    return "\n".join(
        [
            "<!-- made by python -m tests.screenshots -->\n",
            "# Screenshots\n",
            "Every page of `inlet demo`, on a desk and on a phone, light and dark; `python -m "
            "tests.screenshots` takes them anew.",
            *(_shown(shot, folder) for shot in SHOTS),
        ]
    )


def _shown(shot, folder):
    pictures = [
        f"![{shot.title}: {look.name.replace('-', ', ')}]({folder}/{file_name(shot, look)})"
        for look in LOOKS
    ]
    return "\n".join(
        [
            f"\n## {shot.title}\n",
            f"{shot.says}\n",
            "| | light | dark |",
            "| --- | --- | --- |",
            f"| desktop | {' | '.join(pictures[:2])} |",
            f"| phone | {' | '.join(pictures[2:])} |",
        ]
    ) + ("\n" if shot is SHOTS[-1] else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="a folder")
    shoot(parser.parse_args().out)


if __name__ == "__main__":
    main()
