"""Make a trained version the one that is served: `python -m training.promote VERSION`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from models import registry
from models.errors import ModelError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def promote(
    version: str,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = registry.SHIPPED,
) -> None:
    """Check a version file by file, load it, and make it live."""
    console = Console()
    try:
        before = registry.promote(root, version)
    except ModelError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(f"{version} is live; before it: {before}. Restart the service to serve it.")


if __name__ == "__main__":
    sys.exit(app())
