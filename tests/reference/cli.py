"""The page of the commands, from what `inlet … --help` says."""

import typer.main

from app.cli.root import app
from tests.reference.markdown import block, paragraphs, table

_HEAD = """\
# Commands

What `inlet` can do, as `inlet COMMAND --help` says it. Every command reads the same
[settings](settings.md) as the service. Where one has `--json` it prints one JSON value for
scripts. Exit code 0 is success; 1 is a refusal, told in one sentence on standard error, or a
finding of a command that looks for some; 2 is a command line that cannot be read.
"""
_SAID_NOWHERE = {"--json": "print JSON, for scripts"}


def page():
    """Write every command with its arguments and options."""
    root = typer.main.get_command(app)
    context = root.make_context("inlet", [], resilient_parsing=True)
    return paragraphs(_HEAD, *_commands(root, context))


def _commands(command, context):
    """Go through a command and those below it, in the order of the code."""
    below = getattr(command, "commands", None)
    if below is None:
        yield _one(command, context)
        return
    if context.parent is not None:
        yield f"## {context.command_path}\n\n{command.help}"
    for name, each in below.items():
        if not each.hidden:
            yield from _commands(each, each.make_context(name, [], context, resilient_parsing=True))


def _one(command, context):
    level = "##" if context.parent.parent is None else "###"
    usage = " ".join(command.get_usage(context).split()).removeprefix("Usage: ")
    records = [param.get_help_record(context) for param in command.params]
    rows = [[f"`{name}`", _meaning(name, words)] for name, words in filter(None, records)]
    return paragraphs(
        f"{level} {context.command_path}",
        command.help,
        block(usage, "text"),
        table(["argument or option", "meaning"], rows) if rows else "",
    )


def _meaning(name, words):
    return words.replace("<", "&lt;") or _SAID_NOWHERE.get(name, "")
