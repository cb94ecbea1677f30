"""What `inlet demo` shows: the main job from end to end on this machine, in a few seconds."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.api.services import Services
from app.cli.output import out
from app.cli.quick import keep_what_is_there
from app.cli.server import bound, bound_nearby, listen, server_of
from app.cli.serving import curl_line
from app.cli.sign_in import sign_in_line
from app.demo import (
    SAMPLES,
    Filling,
    Received,
    Receiver,
    add_receiver,
    fill,
    post_samples,
    trickle,
)
from app.errors import ConfigError
from app.logs import configure_logs
from app.main import create_app
from app.parts import open_database_of, utc_now
from app.settings import Settings
from models.classifier import IntentClassifier

_DELIVERY_S, _STOP_S = 15.0, 20.0
_FILL_S = 120.0  # for which the samples may wait for the model
_BUSY_S = 60.0  # for which the service may say that it is busy, where the machine is
_SHOWN_CHARS = 400  # of a webhook's body
_HOST, _PORT = "127.0.0.1", 8080


def demonstrate(
    given: Settings,
    loading: Future[IntentClassifier],
    *,
    port: int | None,
    leave: bool,
    began_s: float,
) -> None:
    """Show it, and serve until a signal.

    Args:
        given: What the operator has set.
        loading: The model.
        port: None: the usual one, or the next that is free.
        leave: End after the show.
        began_s: When the command was given, by the monotonic clock.
    """
    configure_logs("warning")
    with (
        tempfile.TemporaryDirectory(prefix="inlet-demo-") as folder,
        Receiver().listening() as receiver,
        _bound(port) as listener,
        _running(_settings(given, folder, listener), receiver, loading, listener) as running,
    ):
        url = running.url
        lead = _show(url, receiver)
        out.print(f"{time.monotonic() - began_s:.1f} s from start to here.")
        out.print(f"Data: {folder} (gone when this ends). API documentation: {url}/docs")
        out.print(f"Try:  {curl_line(url, with_key=False)}")
        if lead is not None:
            out.print(f"A lead that was delivered, with its signed request: {lead}")
        if not leave:
            out.print(f"Samples: {_filled(running.services)} messages of the last week.")
            out.print(running.sign_in())
            out.print("A new message comes every few seconds, for five minutes.")
            out.print("Serving until Ctrl-C.")
            _serve_until_signal(url)


def _serve_until_signal(url: str) -> None:
    """Let messages come in one after another, until a signal."""
    stop = threading.Event()
    threading.Thread(target=trickle, args=(url, stop), name="demo-trickle", daemon=True).start()
    try:
        threading.Event().wait()
    finally:
        stop.set()


def _show(url: str, receiver: Receiver) -> str | None:
    """Post some messages, and show what was said of each and what the receiver got.

    Returns:
        The page of one that was delivered; None where none was.
    """
    answers = post_samples(url, busy_s=_BUSY_S)
    _show_answers(answers)
    expected = sum(len(answer["deliveries"]) for answer in answers)
    received = receiver.wait_for(expected, _DELIVERY_S)
    _show_received(received)
    if len(received) < expected or not all(webhook.verified for webhook in received):
        raise ConfigError(f"{len(received)} of {expected} webhooks arrived in {_DELIVERY_S:.0f} s")
    told = (answer["id"] for answer in answers if answer["deliveries"])
    return next((f"{url}/messages/{message_id}" for message_id in told), None)


def _settings(given: Settings, folder: str, listener: socket.socket) -> Settings:
    """The operator's settings, but for data of its own and leave to call the demo's receiver."""
    own = {
        "host": _HOST,
        "port": listener.getsockname()[1],
        "data_dir": Path(folder),
        "database_url": None,
        "policy": None,  # the shipped one names the receiver's routes
        "public_url": None,  # leads to the operator's service
        "run_worker": True,
        "egress_allow_cidrs": ("127.0.0.0/8",),
    }
    return Settings(**(given.model_dump() | own))


@dataclass(frozen=True, slots=True)
class _Running:
    """The demo's service."""

    settings: Settings
    services: Services

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self.settings.port}"

    def sign_in(self) -> str:
        """Say how its pages are opened."""
        line = sign_in_line(self.settings, self.services.database, now=utc_now())
        return line[:1].upper() + line[1:]


@contextmanager
def _running(
    settings: Settings,
    receiver: Receiver,
    loading: Future[IntentClassifier],
    listener: socket.socket,
) -> Iterator[_Running]:
    """Run the real service in a thread, and stop it at the end."""
    with closing(open_database_of(settings)) as database:
        add_receiver(database, receiver, utc_now())
    app = create_app(settings, loading=loading)
    keep_what_is_there()
    server = server_of(app)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="demo-server", daemon=True
    )
    thread.start()
    try:
        yield _Running(settings, app.state.services)
    finally:
        server.should_exit = True
        thread.join(_STOP_S)


def _filled(services: Services) -> int:
    """Put the samples into the inbox, judged by the model that serves; says how many."""
    filling = Filling(
        predict=lambda texts: services.classify(texts).result(_FILL_S),
        for_channel=services.for_channel,
        policy=services.intake.policy(),
    )
    return fill(services.database, filling, now=utc_now())


@contextmanager
def _bound(port: int | None) -> Iterator[socket.socket]:
    """Listen on the port that was asked for, or on the first that is free."""
    if port is None:
        with bound_nearby(_HOST, _PORT, listening=True) as listener:
            yield listener
        return
    with bound(_HOST, port) as listener:
        listen(listener)
        yield listener


def _show_answers(answers: Sequence[Mapping[str, Any]]) -> None:
    """Show what was said of each message, and what was decided."""
    table = Table("message", "wants", "sure", "urgency", "language", "route", show_lines=True)
    for sample, answer in zip(SAMPLES, answers, strict=True):
        prediction = answer["prediction"]
        labels = ", ".join(prediction["labels"]) or f"abstained ({prediction['primary']}?)"
        table.add_row(
            sample["text"][:70] + ("…" if len(sample["text"]) > 70 else ""),
            labels,
            f"{prediction['confidence']:.0%}",
            prediction["signals"].get("urgency", {}).get("label", ""),
            prediction["language"],
            answer["decision"]["route"],
        )
    out.print(table, soft_wrap=False)


def _show_received(received: Sequence[Received]) -> None:
    """Show each webhook as it came, with its signature headers."""
    if not received:
        out.print("None of them was sure enough for sales or success: no webhook was sent.")
    for webhook in received:
        headers = "\n".join(f"{name}: {value}" for name, value in webhook.headers.items())
        body = webhook.body[:_SHOWN_CHARS] + ("…" if len(webhook.body) > _SHOWN_CHARS else "")
        mark = ("signature verified", "green") if webhook.verified else ("BAD SIGNATURE", "red")
        title = Text.assemble(f"POST {webhook.path}  ", mark)
        out.print(Panel(Text(f"{headers}\n\n{body}"), title=title), soft_wrap=False)
