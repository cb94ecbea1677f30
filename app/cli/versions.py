"""`inlet models`: which model version is served."""

from typing import Annotated

import typer

from app.cli.output import print_json, print_rows, say, told_errors
from app.settings import load_settings
from models import registry

app = typer.Typer(help="Model versions: list, promote, roll back.", no_args_is_help=True)


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the versions there are; the live one is marked."""
    with told_errors():
        found = registry.versions(load_settings().artifacts)
    if as_json:
        print_json([{"version": v.name, "live": v.live} for v in found])
    else:
        print_rows("models", ["version", ""], [[v.name, "live" if v.live else ""] for v in found])


@app.command()
def promote(version: Annotated[str, typer.Argument(help="as `inlet models list` has it")]) -> None:
    """Check a version file by file, load it, and make it live."""
    with told_errors():
        before = registry.promote(load_settings().artifacts, version)
    say(f"{version} is live; before it: {before}. Restart the service to serve it.")


@app.command()
def rollback() -> None:
    """Go back to the version that was live before."""
    with told_errors():
        version = registry.roll_back(load_settings().artifacts)
    say(f"{version} is live again. Restart the service to serve it.")
