import subprocess
import sys

import pytest
import typer.main

from app.cli.root import COMMANDS, app

PAGES = "app.dashboard.application"
SAYS = f"""
import sys
from app.cli.root import app
app(["keys", "--help"], standalone_mode=False)
print({PAGES!r} in sys.modules, "app.cli.keys" in sys.modules)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_by_its_name_and_says_what_it_does(name):
    found = typer.main.get_group(app).commands[name]

    assert found.name == name
    assert found.help


def test_a_name_that_nothing_has_is_told_from_one_that_something_has():
    commands = typer.main.get_group(app).commands

    assert "kyes" not in commands
    assert commands.get("kyes") is None
    assert list(commands) == list(COMMANDS)


def test_a_command_imports_no_part_of_the_service_that_it_has_no_use_for():
    said = subprocess.run(
        [sys.executable, "-c", SAYS], capture_output=True, text=True, timeout=120, check=True
    )

    assert said.stdout.splitlines()[-1] == "False True"


def test_a_service_on_sqlite_imports_neither_a_driver_nor_what_few_providers_need():
    needless = ("psycopg", "alembic", "cryptography")
    look = f"import sys, app.cli.serving; print([n for n in {needless!r} if n in sys.modules])"

    said = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=120, check=True
    )

    assert said.stdout.strip() == "[]"
