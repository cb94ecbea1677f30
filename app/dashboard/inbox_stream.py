"""GET /inbox/stream: the inbox's rows as they come and change, as server-sent events.

Source:
    HTML Living Standard, section 9.2, "Server-sent events".
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from app.api.admission import Admission, page_admission
from app.api.services import Services, services_behind
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.headers import HEADERS
from app.dashboard.local_paths import START
from app.dashboard.looking import Look, fits, look_of
from app.dashboard.rendering import rendered, translator_of
from app.dashboard.rows import ShownRow, shown_rows
from app.dashboard.sessions import Viewer
from app.dashboard.watching import Found, Watch, Watcher
from app.domain import Role
from app.errors import Refused
from app.routing.owners import Owner
from app.storage import inbox, sessions
from app.storage.inbox import LIMIT, Seen

router = APIRouter(include_in_schema=False, route_class=PageRoute)

HEARTBEAT_S = 15.0  # proxies end what is silent for a minute, some sooner
_AGAIN_MS = 2_000  # after which a browser comes back
_CAUGHT_UP = 4 * LIMIT  # changes, at most, of the time before the stream; a page shows no more
_HEADERS = {**HEADERS, "X-Accel-Buffering": "no"}  # nginx would keep events back
_AFTER = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(slots=True, kw_only=True)
class News:
    """Rows that came or changed, and their texts, each written once for all who read them alike."""

    rows: tuple[ShownRow, ...]
    owners: Mapping[str, Owner]
    revision: int  # up to which this tells
    _texts: dict[tuple[str, bool], asyncio.Future[list[str]]] = field(default_factory=dict)

    def texts(self, request: Request, viewer: Viewer) -> asyncio.Future[list[str]]:
        """Write the rows as this viewer may see them.

        They hold no form token: what shows them is a script, which has it from its page.
        """
        alike = (translator_of(request).language, viewer.may(Role.AGENT))
        if alike not in self._texts:
            write = run_in_threadpool(self._written, request)
            self._texts[alike] = asyncio.ensure_future(write)
        return asyncio.shield(self._texts[alike])

    def _written(self, request: Request) -> list[str]:
        write = partial(rendered, request, "inbox_row.html", csrf="", back=START)
        return [write(one=row, owners=self.owners) for row in self.rows]


def watch_inbox(api: FastAPI) -> None:
    """Let people watch the inbox of an application that has its services."""
    api.state.is_stopping = _never  # app.main knows better: it has the process
    api.state.inbox_watch = Watch[News, Seen](
        look=lambda seen: _looked(api.state.services, seen),
        is_stopping=lambda: bool(api.state.is_stopping()),
    )


async def inbox_watch(request: Request) -> Watch[News, Seen]:
    """Give an endpoint those who watch the inbox."""
    watch: Watch[News, Seen] = request.app.state.inbox_watch
    return watch


@router.get("/inbox/stream")
async def stream(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))],
    watch: Annotated[Watch[News, Seen], Depends(inbox_watch)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> StreamingResponse:
    """Send rows until the browser leaves, the session ends or the process stops.

    `after` says how far the page was: what came since is sent first. The browser's own
    Last-Event-ID says it of a stream that was cut off.
    """
    given = dict(request.query_params)
    after = request.headers.get("last-event-id") or given.get("after", "")
    sender = _Sender(
        request=request,
        viewer=viewer,
        look=look_of(given),
        only_changes="still" in given,
        after=_after(after),
    )
    watch.check_room(viewer.session)
    events = _events(sender, watch, admission)
    return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sender:
    """Who is sent what."""

    request: Request
    viewer: Viewer
    look: Look
    only_changes: bool  # of rows that are there: in a search, or on a page of older ones
    after: tuple[int, int] | None  # the revision and the last number that the page has

    async def events(self, news: News) -> str:
        """Write news as events, for this viewer."""
        newest = 0 if self.after is None else self.after[1]
        place = f"{news.revision}-{newest}"
        texts = await news.texts(self.request, self.viewer)
        return "".join(
            _event(self._kind(one, newest), text, place)
            for one, text in zip(news.rows, texts, strict=True)
        )

    def _kind(self, one: ShownRow, newest: int) -> str:
        """A `row` goes to the top of the list, a `part` only where it is already."""
        is_new = one.row.number > newest and not self.only_changes
        return "row" if is_new and fits(one.row, self.look.filters) else "part"


async def _events(
    sender: _Sender, watch: Watch[News, Seen], admission: Admission
) -> AsyncIterator[str]:
    yield f"retry: {_AGAIN_MS}\n\n"
    with watch.joined(sender.viewer.session) as watcher:
        await watch.ready()
        services = services_behind(sender.request)
        if sender.after is not None:
            missed = await admission.run(lambda: _missed(services, sender.after))
            for one in missed:
                yield await sender.events(one)
        async for news in _told(watcher):
            yield ":\n\n" if news is None else await sender.events(news)


async def _told(watcher: Watcher[News]) -> AsyncIterator[News | None]:
    """Give news as it comes; None, a heartbeat, where none does."""
    while True:
        try:
            news = await watcher.next(HEARTBEAT_S)
        except TimeoutError:
            yield None
            continue
        if news is None:
            return
        yield news


def _looked(services: Services, seen: Seen | None) -> Found[News, Seen]:
    """Look for what came or changed since the last look."""
    with services.database.read() as conn:
        holding = frozenset(one.id for one in sessions.holding(conn, services.now()))
        if seen is None:
            return Found(news=None, place=inbox.seen_now(conn), sessions=holding)
        rows, upto = inbox.since(conn, seen)
        if not rows:
            return Found(news=None, place=upto, sessions=holding)
        owners = services.intake.policy().owners
        shown = shown_rows(conn, rows, owners)
    news = News(rows=shown, owners=owners, revision=upto.upto)
    return Found(news=news, place=upto, sessions=holding, more=len(rows) == LIMIT)


def _missed(services: Services, after: tuple[int, int] | None) -> Iterator[News]:
    """Give what came between a page and its stream."""
    seen, found = inbox.seen_upto(after[0] if after else 0), list[News]()
    while len(found) * LIMIT < _CAUGHT_UP:
        one = _looked(services, seen)
        if one.news is None:
            break
        found.append(one.news)
        seen = one.place
    return iter(found)


def _never() -> bool:
    return False


def _after(given: str) -> tuple[int, int] | None:
    """Read how far a page was.

    Raises:
        Refused: `bad_request`.
    """
    if not given:
        return None
    found = _AFTER.fullmatch(given)
    if found is None:
        raise Refused("this stream begins nowhere", code="bad_request")
    return int(found[1]), int(found[2])


def _event(kind: str, html: str, place: str) -> str:
    """Write one event; every kind of line end is one in the format, so none may be in its data."""
    data = "".join(f"data: {line}\n" for line in _LINE_END.split(html.strip()))
    return f"id: {place}\nevent: {kind}\n{data}\n"
