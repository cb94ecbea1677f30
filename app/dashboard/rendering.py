"""Turn a template and its values into an answer: a whole page, or a fragment that htmx puts in one.

Every template has, beside its own values: `viewer` (who is signed in, or None), `csrf`, `path`,
`here` (with its query), `locale`, `t(key, **values)`, `term(group, value)`, `static(name)`, `now`
and `told`.
"""

import gzip
import io
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.api.services import services_behind
from app.dashboard.headers import HEADERS
from app.dashboard.showing import Showing
from app.dashboard.statics import Statics, accepts_gzip, load_statics
from app.dashboard.strings import COOKIE, Translator, language_of, load_catalogue

TOLD = "told."  # the texts that a page may say of what was just done
_FILTERS = ("ago", "left", "moment", "number", "percent", "span")
_COMPRESSED_FROM_BYTES = 1_024
_MAX_PADDING_BYTES = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What all pages are made with."""

    environment: Environment
    statics: Statics
    catalogue: Mapping[str, Translator]


@cache
def load_shell() -> Shell:
    """Read templates, texts and files, once; compile all templates, so that no page waits."""
    environment = Environment(
        loader=PackageLoader("app.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update({name: _shown_by(name) for name in _FILTERS})
    for name in environment.list_templates():
        environment.get_template(name)
    return Shell(environment=environment, statics=load_statics(), catalogue=load_catalogue())


async def page(
    request: Request,
    template: str,
    /,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Answer with a page; its template extends base.html."""
    text = await run_in_threadpool(rendered, request, template, **values)
    return answer(request, text, status_code=status_code, headers=headers)


async def fragment(
    request: Request,
    template: str,
    /,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Answer with a part of a page, for whoever asked by htmx; its template extends nothing."""
    text = await run_in_threadpool(rendered, request, template, **values)
    return answer(request, text, status_code=status_code, headers=headers)


def rendered(request: Request, template: str, /, **values: Any) -> str:
    """Write a template's text in the language of whoever asks."""
    shell = shell_of(request)
    t = translator_of(request)
    now = services_behind(request).now()
    viewer = getattr(request.state, "viewer", None)
    told = request.query_params.get("told", "")
    context = {
        "viewer": viewer,
        "csrf": getattr(request.state, "csrf", ""),
        "path": request.url.path,
        "here": _here(request),
        "locale": t.language,
        "languages": tuple(shell.catalogue),
        "t": t,
        "term": t.term,
        "static": shell.statics.path,
        "now": now,
        "show": Showing(t, now),
        "told": t(told) if told.startswith(TOLD) and told in t.texts else "",
    }
    return shell.environment.get_template(template).render(context | values)


def answer(
    request: Request,
    text: str,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Put a text into an answer with the headers of every page, compressed where that is taken."""
    raw = text.encode()
    sent = {**HEADERS, **(headers or {})}
    if len(raw) >= _COMPRESSED_FROM_BYTES and accepts_gzip(
        request.headers.get("accept-encoding", "")
    ):
        return HTMLResponse(_compressed(raw), status_code, {**sent, "Content-Encoding": "gzip"})
    return HTMLResponse(raw, status_code, sent)


def done(request: Request, to: str, key: str) -> Response:
    """Answer a form that did what it was for: lead to a page that says so.

    Args:
        request: Of the form. One sent by htmx stays on its page, and is told there.
        to: A path of ours, without `told`.
        key: A text of the catalogue under `told.`, one without values.
    """
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={**HEADERS, **toast(translator_of(request)(key))})
    joint = "&" if "?" in to else "?"
    return RedirectResponse(f"{to}{joint}told={key}", 303, headers=HEADERS)


def toast(text: str, *, kind: str = "good") -> dict[str, str]:
    """Write the header by which an answer to htmx tells something for a moment.

    Args:
        text: Plain; it may hold anything.
        kind: `good`, or `bad` for what did not work.
    """
    return {"HX-Trigger": json.dumps({"toast": {"text": text, "kind": kind}})}  # ASCII


def shell_of(request: Request) -> Shell:
    """Give what all pages are made with."""
    shell: Shell = request.app.state.shell
    return shell


def translator_of(request: Request) -> Translator:
    """Give the texts in the language of whoever asks."""
    accepted = request.headers.get("accept-language")
    return shell_of(request).catalogue[language_of(request.cookies.get(COOKIE), accepted)]


def _here(request: Request) -> str:
    """Give the address of a page, without the server's name and what was told there."""
    query = request.url.remove_query_params("told").query
    return request.url.path + (f"?{query}" if query else "")


def _shown_by(name: str) -> Callable[..., Any]:
    """Make a filter of one of the ways to show a value."""

    @pass_context
    def shown(context: Context, value: Any, *how: Any) -> Any:
        return getattr(context["show"], name)(value, *how)

    return shown


def _compressed(raw: bytes) -> bytes:
    """Compress a page, with a random length: it holds a secret beside what others wrote.

    Source:
        Palacios et al. 2022, "HTB: Heal the BREACH": a file name of random length in the header.
    """
    buffer = io.BytesIO()
    name = "a" * secrets.randbelow(_MAX_PADDING_BYTES)
    with gzip.GzipFile(name, "wb", 6, buffer, mtime=0) as file:
        file.write(raw)
    return buffer.getvalue()
