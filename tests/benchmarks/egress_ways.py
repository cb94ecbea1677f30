"""Every way out that the product has, as functions from URLs to what came of each."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.parts import open_database_of, sender_of, worker_of
from app.settings import Settings
from app.storage import outbox
from app.webhook.formats.steps import Mail
from app.webhook.mail_target import is_mail_url
from tests.benchmarks.stock import keep_endpoint, keep_message
from tests.support_cli import Cli

Way = Callable[[Sequence[str]], list[str]]  # URLs -> an error code each, or what else was said
HEADERS = {"Content-Type": "application/json"}
BODY = b"{}"
MAILED = "Sender, mail"
SENT, REFUSED = "sent", "refused"
_BY_MAIL = {"from": "inlet@example.com", "to": "sales@example.com"}
_BY_HTTP: Sequence[tuple[str, Mapping[str, str]]] = (
    *((name, {}) for name in ("webhook", "cloudevents", "slack", "teams", "discord")),
    *((name, {"token": "t0k3n"}) for name in ("hubspot", "pipedrive")),
    ("salesforce", {"token": "t0k3n", "external_id_field": "Inlet_Id__c"}),
)
_FETCH_BYTES = 10_000
_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How an operator set the service up."""

    allow_cidrs: tuple[str, ...] = ()
    port: int = 1  # that the service itself listens on

    def settings(self, folder: Path) -> Settings:
        """Give the settings of a service whose data are in a folder."""
        return Settings(data_dir=folder, **self._given())

    def cli(self, folder: Path) -> Cli:
        """Give the commands of an operator who set the same."""
        given = {**self._given(), "egress_allow_cidrs": ",".join(self.allow_cidrs)}
        return Cli(folder, **given)

    def _given(self) -> dict[str, object]:
        return {
            "port": self.port,
            "egress_allow_cidrs": self.allow_cidrs,
            "egress_allow_http": True,  # so that nothing is refused for its scheme alone
            "delivery_timeout_s": _TIMEOUT_S,
        }


def ways_of(setup: Setup) -> Mapping[str, Way]:
    """Give every way out of a service that is set up so."""
    return {
        MAILED: lambda urls: _mailed(setup, urls),
        "Sender.post": lambda urls: _posted(setup, urls),
        "Sender.fetch": lambda urls: _fetched(setup, urls),
        "endpoints add": lambda urls: _added(setup, urls),
        "endpoints test": lambda urls: _tested(setup, urls),
        "worker": lambda urls: _delivered(setup, urls),
    }


def _posted(setup: Setup, urls: Sequence[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        sender = sender_of(setup.settings(Path(folder)))
    answers = [sender.post(url, HEADERS, BODY) for url in urls]
    return [answer.error_code or SENT for answer in answers]


def _mailed(setup: Setup, urls: Sequence[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        sender = sender_of(setup.settings(Path(folder)))
    answers = [sender.begin()(_mail_to(url)).answer for url in urls]
    return [answer.error_code or SENT for answer in answers]


def _fetched(setup: Setup, urls: Sequence[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        sender = sender_of(setup.settings(Path(folder)))
    found = [sender.fetch(url, HEADERS, max_bytes=_FETCH_BYTES) for url in urls]
    return [_said(one.status_code, one.error_code) for one in found]


def _added(setup: Setup, urls: Sequence[str]) -> list[str]:
    """Add an endpoint for each URL; `refused` where the command says no."""
    with tempfile.TemporaryDirectory() as folder:
        cli = setup.cli(Path(folder))
        codes = [
            cli.run("endpoints", "add", *_options(url), f"n{number}", "--", url).exit_code
            for number, url in enumerate(urls)
        ]
    return [SENT if code == 0 else REFUSED for code in codes]


def _tested(setup: Setup, urls: Sequence[str]) -> list[str]:
    """Send a test event to endpoints that stand in the database as if they had been allowed."""
    with tempfile.TemporaryDirectory() as folder:
        cli = setup.cli(Path(folder))
        settings = setup.settings(Path(folder) / "data")
        with closing(open_database_of(settings)) as database, database.write() as conn:
            for number, url in enumerate(urls):
                keep_endpoint(conn, f"n{number}", url, **_format(number, url))
        said = [
            json.loads(cli.run("endpoints", "test", f"n{number}", "--json").stdout)
            for number in range(len(urls))
        ]
    return [_said(one["status_code"], one["error_code"]) for one in said]


def _delivered(setup: Setup, urls: Sequence[str]) -> list[str]:
    """Let a real worker try one delivery to each URL, once."""
    with tempfile.TemporaryDirectory() as folder:
        settings = setup.settings(Path(folder))
        with closing(open_database_of(settings)) as database:
            with database.write() as conn:
                receivers = [
                    keep_endpoint(conn, f"n{number}", url, **_format(number, url))
                    for number, url in enumerate(urls)
                ]
                made = keep_message(conn, receivers)
            worker = worker_of(settings, database)
            while worker.run_once():
                pass
            with database.read() as conn:
                first = [outbox.attempts_of(conn, delivery.id)[0].answer for delivery in made]
    return [_said(answer.status_code, answer.error_code) for answer in first]


def _said(status_code: int | None, error_code: str | None) -> str:
    if status_code is not None and 300 <= status_code < 400:
        return "redirect"
    return error_code or SENT


def _options(url: str) -> list[str]:
    if not is_mail_url(url):
        return []
    pairs = [f"--option={name}={value}" for name, value in _BY_MAIL.items()]
    return ["--format=email", *pairs]


def _mail_to(url: str) -> Mail:
    to = (_BY_MAIL["to"],)
    return Mail(url=url, sender=_BY_MAIL["from"], recipients=to, message=b"Subject: x\r\n\r\n")


def _format(number: int, url: str) -> dict[str, Any]:
    """Give an endpoint one of the formats that its URL can have, by turns."""
    if is_mail_url(url):
        return {"format": "email", "options": _BY_MAIL}
    name, options = _BY_HTTP[number % len(_BY_HTTP)]
    return {"format": name, "options": options}
