"""How the pages behind links look: one small document, nothing from elsewhere, safe to show."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

_STYLE = """
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#1b1f24;--soft:#57606a;
--line:#d0d7de;--act:#0a58ca;--on:#fff;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--ink:#e6edf3;
--soft:#9da7b3;--line:#3d444d;--act:#6cb0ff;--on:#0d1117;--bad:#ff9a8d}}
*{box-sizing:border-box}
body{margin:0;padding:1.25rem;background:var(--page);color:var(--ink);
font:1.0625rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:34rem;margin:4vh auto;padding:1.5rem;background:var(--card);
border:1px solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1rem;margin:1rem 0;
padding-top:1rem;border-top:1px solid var(--line)}
dt{color:var(--soft)}
dd{margin:0}
blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid var(--line);
color:var(--soft);white-space:pre-line}
fieldset{margin:0 0 1rem;padding:0;border:0}
legend{margin-bottom:.25rem;padding:0;font-weight:600}
label{display:flex;gap:.75rem;align-items:center;min-height:2.75rem}
input{width:1.35rem;height:1.35rem;flex:none;accent-color:var(--act)}
button{width:100%;min-height:3rem;padding:.5rem 1.25rem;border:0;border-radius:.5rem;
background:var(--act);color:var(--on);font:inherit;font-weight:600;cursor:pointer}
:focus-visible{outline:3px solid var(--act);outline-offset:3px}
.bad{color:var(--bad);font-weight:600}
@media (max-width:26rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
"""
# Sends the form of a page that a person looks at. What scans mail for harm may run scripts too:
# it looks at nothing, or is a browser under the control of a program, and says so.
_SCRIPT = """
const form = document.querySelector("form[data-at-once]");
let sent = false;
function go() {
  if (!form || sent || document.prerendering || navigator.webdriver) return;
  if (document.visibilityState !== "visible") return;
  sent = true;
  form.requestSubmit();
}
document.addEventListener("visibilitychange", go);
document.addEventListener("prerenderingchange", go);
go();
"""


def _digest(text: str) -> str:
    """Name a text as a Content-Security-Policy allows it.

    Source:
        W3C Content Security Policy Level 3, section 2.3.1, "hash-source".
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_digest(_STYLE)}; script-src {_digest(_SCRIPT)}; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address is the proof
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One box to tick."""

    value: str
    words: str
    ticked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a page offers to do, by a POST to its own address."""

    button: str
    choices: tuple[Choice, ...] = ()
    question: str = ""  # above the choices
    problem: str = ""  # with what was chosen before
    at_once: bool = False  # whether a person's browser sends it without being asked


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a page says; plain text throughout."""

    title: str
    sentence: str
    status: int = 200
    facts: tuple[tuple[str, str], ...] = ()  # name, value
    quote: str = ""  # what the sender wrote
    form: Form | None = None


def html_of(view: View) -> str:
    """Write a page, everything in it escaped."""
    parts = (
        f'<h1>{escape(view.title)}</h1><p role="status">{escape(view.sentence)}</p>',
        _form(view.form) if view.form else "",
        _facts(view.facts) if view.facts else "",
        f'<blockquote dir="auto">{escape(view.quote)}</blockquote>' if view.quote else "",
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow"><link rel="icon" href="data:,">'
        f"<title>{escape(view.title)} · Inlet</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main><script>{_SCRIPT}</script></body></html>"
    )


def _form(form: Form) -> str:
    at_once = " data-at-once" if form.at_once else ""
    problem = f'<p class="bad" role="alert">{escape(form.problem)}</p>' if form.problem else ""
    boxes = "".join(_box(choice) for choice in form.choices)
    legend = f"<legend>{escape(form.question)}</legend>"
    asked = f"<fieldset>{legend}{boxes}</fieldset>" if boxes else ""
    button = f'<button type="submit">{escape(form.button)}</button>'
    return f'<form method="post"{at_once}>{problem}{asked}{button}</form>'


def _box(choice: Choice) -> str:
    ticked = " checked" if choice.ticked else ""
    box = f'<input type="checkbox" name="label" value="{escape(choice.value)}"{ticked}>'
    return f"<label>{box}{escape(choice.words)}</label>"


def _facts(facts: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(
        f'<dt>{escape(name)}</dt><dd dir="auto">{escape(value)}</dd>' for name, value in facts
    )
    return f"<dl>{rows}</dl>"
