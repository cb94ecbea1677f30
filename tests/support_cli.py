"""Commands of `inlet` run inside the test, where no process of its own matters."""

import json

from typer.testing import CliRunner

from app.cli import output
from app.cli.root import app


class Cli:
    """An operator with an environment of nothing but these settings."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.columns = 200  # of the terminal that tables are made for
        given = {"data_dir": folder / "data", **settings}
        self.environ = {f"INLET_{name.upper()}": str(value) for name, value in given.items()}

    def run(self, *args, stdin=None):
        """Run a command; an exception that no command expects fails the test."""
        environ = {"HOME": str(self.folder), **self.environ}
        output.out.width = self.columns
        result = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin, env=environ)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *args):
        """What a command answers to a script."""
        result = self.run(*args, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def refused(self, *args, stdin=None):
        """The sentence of a command that fails, and nothing beside it."""
        result = self.run(*args, stdin=stdin)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("error: ").strip()
