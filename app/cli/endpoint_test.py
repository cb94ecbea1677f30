"""`inlet endpoints test`: one try at a receiver, the way deliveries go, with all that is said."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer

from app.cli.output import out, print_json, told_errors
from app.domain import Endpoint
from app.errors import NotFound
from app.parts import open_database_of, sender_of, utc_now
from app.settings import Settings, load_settings
from app.storage import endpoints as stored
from app.webhook.formats.prose import paragraphs
from app.webhook.trial import Tried, tried

_ANSWER = 1_024  # characters that are shown


def send_test(
    name: Annotated[str, typer.Argument(help="of the endpoint")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Send a made-up event (SAMPLE) as deliveries are sent; show requests and answers."""
    with told_errors():
        settings = load_settings()
        seen = tried(
            sender_of(settings).begin,
            _endpoint(settings, name),
            now=utc_now(),
            public_url=settings.public_url,
            personal_data=settings.webhook_personal_data,
        )
    _tell(seen, as_json)
    raise typer.Exit(0 if seen.answer.delivered else 1)


def _endpoint(settings: Settings, name: str) -> Endpoint:
    with closing(open_database_of(settings)) as database, database.read() as conn:
        endpoint = stored.find(conn, name)
    if endpoint is None:
        raise NotFound("there is no endpoint of that name; `inlet endpoints list` shows them")
    return endpoint


def _tell(seen: Tried, as_json: bool) -> None:
    """Show what an attempt came to, and each step of it."""
    answer = seen.answer
    result = {
        "delivered": answer.delivered,
        "status_code": answer.status_code,
        "error_code": answer.error_code,
        "duration_ms": round(answer.duration_ms, 1),
    }
    if as_json:
        print_json({**result, "answer": answer.body_excerpt, "steps": seen.steps})
        return
    told = ", ".join(f"{key} {value}" for key, value in result.items() if value is not None)
    out.print(told, style=None if answer.delivered else "red")
    for step in seen.steps:
        _tell_step(step)
    if answer.error_code and answer.body_excerpt:
        out.print(paragraphs(answer.body_excerpt, _ANSWER), style="red")


def _tell_step(step: Mapping[str, Any]) -> None:
    out.print(f"\n> {step['method']} {step['host'] or 'nowhere'}", style="bold")
    for header, value in step["headers"].items():
        out.print(f"> {header}: {value}")
    out.print(step["body"])
    came = step["status_code"] or step["error_code"]
    out.print(f"< {came} after {step['duration_ms']} ms", style="bold")
    if step["answer"]:
        out.print(paragraphs(step["answer"], _ANSWER))  # it may hold what drives a terminal
