"""The command `inlet`."""

from app.cli.root import run

__all__ = ["run"]
