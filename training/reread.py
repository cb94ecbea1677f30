"""Make a version's reading again from its data and the lists: `python -m training.reread`."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from models import registry
from models.artifact import READING, publish, verify
from models.errors import ModelError
from models.text.reading import reading_bytes
from training.dataset import Example, data_sha256, default_sources, read_dataset, split
from training.errors import TrainingError
from training.reading import reading_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def reread(
    version: Annotated[str, typer.Argument(help="whose reading is made again")] = registry.DEFAULT,
    data: Annotated[list[str] | None, typer.Option(help="files; default data/*.jsonl")] = None,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = registry.SHIPPED,
) -> None:
    """Write a version's reading as training would write it now; every other file stays."""
    console = Console()
    try:
        make_reading(root / version, read_dataset(data or default_sources()).examples)
        registry.load(root, version, threads=1)
    except (TrainingError, ModelError) as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(f"{version} reads by the lists of today. Measure it: python -m training.evaluate")


def make_reading(folder: Path, examples: Sequence[Example]) -> None:
    """Put another reading into a published artifact, and its digest into the manifest.

    Network, wide part and calibration stay as they were fitted, so the lists may only come to know
    more names: what the network is shown must be what it learnt from.

    Args:
        folder: The artifact.
        examples: All that the version was trained, calibrated and tested on.

    Raises:
        TrainingError: The data are others, so that it would know other words.
        ArtifactError: The artifact is damaged.
    """
    manifest = verify(folder)
    if data_sha256(examples) != manifest.facts.get("data", {}).get("sha256"):
        raise TrainingError(f"{folder} was trained on other data; train again instead")
    building = folder.with_name(f".building-{folder.name}")
    shutil.rmtree(building, ignore_errors=True)  # left by a run that was stopped
    building.mkdir()
    for name in manifest.sha256:
        shutil.copyfile(folder / name, building / name)
    (building / READING).write_bytes(reading_bytes(reading_of(split(examples).train)))
    publish(building, folder, manifest)


if __name__ == "__main__":
    sys.exit(app())
