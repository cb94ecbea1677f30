"""The commands of `inlet`; each is a thin shell around what the service does."""

import importlib
from collections import UserDict
from functools import partial
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

_plain = partial(typer.Typer, add_completion=False, pretty_exceptions_enable=False)
COMMANDS = {  # in the order of the help: where each is found, as module:attribute below app.cli
    "demo": "demo:demo",
    "serve": "serve:serve",
    "worker": "worker:worker",
    "smtp": "smtp:smtp",
    "send-test": "send_test:send_test",
    "classify": "classify:classify",
    "sla": "sla:sla",
    "review": "review:review",
    "doctor": "doctor:doctor",
    "backup": "backup:backup",
    "restore": "restore:restore",
    "login": "login:login",
    "keys": "keys:app",
    "sessions": "sessions:app",
    "samples": "samples:app",
    "models": "versions:app",
    "endpoints": "endpoints:app",
    "deliveries": "deliveries:app",
    "policy": "policy:app",
    "owners": "owners:app",
    "feedback": "feedback:app",
}


class _Found(UserDict[str, Any]):
    """Imports a command when it is asked for: most need a small part of the service."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = self.data[name].partition(":")
        found = getattr(importlib.import_module(f"app.cli.{module}"), attribute)
        holder = _plain()
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name)(found)
        return typer.main.get_group(holder).commands[name]


class _Commands(TyperGroup):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = _Found(COMMANDS)


app = _plain(name="inlet", cls=_Commands, no_args_is_help=True)


@app.callback()
def inlet() -> None:
    """Reads inbound business messages, says what the sender wants, and tells a person."""


def run() -> None:
    """Run the command line."""
    app()
