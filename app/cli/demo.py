"""`inlet demo`: the model is loaded by a thread while this one imports the rest."""

import signal
import time
from typing import Annotated

import typer

from app.cli.output import say, told_errors
from app.cli.quick import collect_nothing
from app.loading import begin_loading
from app.settings import load_settings


def demo(
    port: Annotated[
        int | None,
        typer.Option(help="default: 8080, or the next free one", min=1, max=65_535),
    ] = None,
    leave: Annotated[bool, typer.Option("--exit", help="stop after the show")] = False,
) -> None:
    """Start a service with sample messages and a receiver, and show what was said and sent."""
    began_s = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leaves no folder behind either
    collect_nothing()
    try:
        with told_errors():
            given = load_settings()
            loading = begin_loading(given)
            from app.cli.demonstration import demonstrate  # beside the loading

            demonstrate(given, loading, port=port, leave=leave, began_s=began_s)
    except KeyboardInterrupt:
        say("stopped")
