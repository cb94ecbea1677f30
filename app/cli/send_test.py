"""`inlet send-test`: a request as a vendor would send it, and what became of it, step by step."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, NoReturn

import httpx2
import typer
from rich.text import Text

from app.cli.output import out, print_json, print_rows, told_errors
from app.cli.server import shown_host
from app.errors import ConfigError, NotFound, Overloaded, Refused
from app.inbound.payload import parse_json, text_at
from app.inbound.samples import Sample, outcome, sample, trace
from app.inbound.samples.curl import curl_line
from app.inbound.samples.trace import Answered, Asked, Step
from app.inbound.sources import KEYLESS, providers
from app.inbound.values import Source, Unreadable
from app.mailroom import Desk
from app.parts import utc_now
from app.reception import desks_of
from app.settings import Settings, load_settings

_KEY = "INLET_API_KEY"
_CALL_S = 30.0  # for one answer: the service gives its model 10
_READ_S = 20.0  # from the answer until the request is read in the background
_TRY_S = 5.0  # until each receiver was called once
_PAUSE_S = 0.1


def send_test(
    source: Annotated[str | None, typer.Argument(help="such as postmark; see --list")] = None,
    url: Annotated[
        str | None, typer.Option(help="of the service; default: INLET_HOST and INLET_PORT")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar=_KEY, help="API key of the service")] = None,
    show: Annotated[
        bool, typer.Option("--show", help="send nothing; print the request for curl, without keys")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="list the sources, on and off")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Send the service a request as a vendor would, and show what it made of it.

    The sender is invented; all else is as in earnest: the message is stored and receivers hear of
    it. Exit code 1 where a step fails.
    """
    with told_errors():
        settings = _settings()
        if listed:
            _show_sources(settings, as_json=as_json)
            return
        base = _base_url(settings, url)
        asked = _asked(_desk(settings, source), settings.public_url or base, key)
        if show:
            typer.echo(curl_line(asked, base, api_key=key))
            return
        with _client(base, key) as client:
            steps = _told(_trace(client, asked), as_json=as_json)
    if as_json:
        told = [step.as_dict() for step in steps]
        failed = steps[-1].name if steps[-1].failed else None
        print_json({"source": source, "url": base, "failed": failed, "steps": told})
    raise typer.Exit(1 if steps[-1].failed else 0)


def _trace(client: httpx2.Client, asked: Asked) -> Iterator[Step]:
    """Send a sample and follow it; whoever reads this stops at a step that failed."""
    answer = _posted(client, asked.sample)
    yield trace.sent(asked, answer)
    yield trace.verified(asked, answer)
    if asked.source.answer is None:
        arrivals = _arrivals(client, asked.sample) if answer.is_taken else answer
        yield trace.kept(answer, arrivals)
        message_id = trace.message_of(arrivals)
        if not message_id:
            yield trace.unread(asked, arrivals)
    else:
        yield trace.answered(answer)
        message_id = text_at(answer.told, "message_id")
        if not message_id:
            yield from outcome.told_to_bot(answer)
            return
    yield from _followed(client, message_id)


def _followed(client: httpx2.Client, message_id: str) -> Iterator[Step]:
    """Follow a message from reading to its receivers."""
    path = f"/v1/messages/{message_id}"
    message = _got(client, path)
    for step_of in (outcome.parsed, outcome.stripped, outcome.classified, outcome.decided):
        yield step_of(message)
    yield outcome.delivered(_until(outcome.are_tried, lambda: _got(client, path), _TRY_S))


def _arrivals(client: httpx2.Client, sent: Sample) -> Answered:
    """Wait until what was sent is read, or the time is up."""
    path = f"/v1/arrivals?sha256={hashlib.sha256(sent.body).hexdigest()}"
    return _until(trace.is_read, lambda: _got(client, path), _READ_S)


def _until(
    holds: Callable[[Answered], bool], ask: Callable[[], Answered], within_s: float
) -> Answered:
    """Ask again and again until an answer is a refusal or holds what is waited for."""
    deadline_s = time.monotonic() + within_s
    while True:
        answer = ask()
        if not answer.is_taken or holds(answer) or time.monotonic() > deadline_s:
            return answer
        time.sleep(_PAUSE_S)


def _posted(client: httpx2.Client, one: Sample) -> Answered:
    request = client.build_request("POST", one.path, content=one.body, headers=dict(one.headers))
    if "authorization" not in one.headers:  # the key is the service's, not the vendor's
        request.headers.pop("authorization", None)
    return _answered(client, request)


def _got(client: httpx2.Client, path: str) -> Answered:
    """Look something up; once more where the connection that was kept open is closed by now."""
    answer = _answered(client, client.build_request("GET", path))
    return answer if answer.status else _answered(client, client.build_request("GET", path))


def _answered(client: httpx2.Client, request: httpx2.Request) -> Answered:
    """Make one call; what is no answer or no JSON is told as such."""
    started_s = time.perf_counter()
    try:
        response = client.send(request)
    except httpx2.HTTPError:
        return Answered(status=0)
    duration_ms = (time.perf_counter() - started_s) * 1_000
    try:
        told = parse_json(response.content)
    except Unreadable:
        told = None
    return Answered(status=response.status_code, told=told, duration_ms=duration_ms)


def _told(steps: Iterator[Step], *, as_json: bool) -> list[Step]:
    """Go on until a step fails, and show each to a person as soon as it is known."""
    done = []
    for step in steps:
        done.append(step)
        if not as_json:
            _show(step)
        if step.failed:
            break
    return done


def _show(step: Step) -> None:
    mark = ("✘", "bold red") if step.failed else ("✔", "green")
    out.print(Text.assemble(mark, f" {step.name:<10} {step.words}"))
    if step.failed:
        out.print(f"  → {step.mend}", style="yellow")


def _show_sources(settings: Settings, *, as_json: bool) -> None:
    """List every source, whether it is on by the variables that are set here, and by which."""
    on = desks_of(settings, _not_fetched)
    rows = [
        {
            "source": name,
            "title": source.title,
            "on": name in on,
            "needs": trace.needed(source) or "an API key, once there is one",
        }
        for name, source in _sources().items()
    ]
    if as_json:
        print_json(rows)
        return
    shown = [[r["source"], r["title"], "on" if r["on"] else "off", r["needs"]] for r in rows]
    print_rows("sources", ["source", "", "here", "by"], shown)


def _sources() -> dict[str, Source]:
    keyless = {source.name: source for source in KEYLESS}
    return keyless | dict(sorted(providers(_not_fetched).items()))


def _desk(settings: Settings, name: str | None) -> Desk:
    """Find a source with its keys.

    Raises:
        NotFound: There is none of this name.
        ConfigError: Its keys are not set here, so that nothing can be signed.
    """
    if name is None:
        raise Refused("name a source; `inlet send-test --list` shows them")
    known = _sources().get(name)
    if known is None:
        raise NotFound("there is no source of that name; `inlet send-test --list` shows them")
    desk = desks_of(settings, _not_fetched).get(name)
    if desk is None:
        raise ConfigError(
            f"{name} is off: set {trace.needed(known)} here and for the service, to the same"
        )
    return desk


def _asked(desk: Desk, public_url: str, key: str | None) -> Asked:
    """Make the sample of a source, with our API key where that is what proves it."""
    name = desk.source.name
    one = sample(name, desk.keys, public_url=public_url, now=utc_now())
    by_key = key is not None and desk.source in KEYLESS
    if by_key:
        one = replace(one, headers={**one.headers, "authorization": f"Bearer {key}"})
    if not all(
        value.isascii() and value.isprintable() for value in [key or "", *one.headers.values()]
    ):
        raise Refused(f"a header takes visible ASCII alone: give {name} another secret, or key")
    return Asked(source=desk.source, keys=desk.keys, sample=one, with_api_key=by_key)


def _settings() -> Settings:
    """Read the settings; the key of a client is none of the service's."""
    return load_settings({name: value for name, value in os.environ.items() if name != _KEY})


def _base_url(settings: Settings, url: str | None) -> str:
    """Say where the service is, as a client writes it."""
    if url is None and not settings.port:
        raise ConfigError("INLET_PORT is 0: say where the service is with --url")
    try:
        base = httpx2.URL(url or f"http://{shown_host(settings.host)}:{settings.port}")
    except httpx2.InvalidURL as error:
        raise Refused("--url is no address such as http://127.0.0.1:8080") from error
    if base.scheme not in ("http", "https") or not base.host:
        raise Refused("--url is no address such as http://127.0.0.1:8080")
    return str(base).rstrip("/")


def _client(base: str, key: str | None) -> httpx2.Client:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=base, headers=headers, timeout=_CALL_S, trust_env=False)


def _not_fetched(_url: str) -> NoReturn:
    raise Overloaded("nothing is verified here")
