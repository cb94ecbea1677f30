"""The tutorial and the how-tos are followed to the letter, each in a folder of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress

import pytest
from support_docs import PORTS, blocks, script
from support_service import ROOT, environ_of

from models.registry import SHIPPED

DOCS = ROOT / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
RUN = [
    page
    for page in PAGES
    if any(one.language == "sh" and not one.excuse for one in blocks(page.read_text("utf-8")))
]
PAGE_S = 300  # a page of a dozen commands, on a machine that is busy


def ids(page):
    return page.stem


@pytest.fixture
def typed(tmp_path):
    """What a reader's shell has: `inlet` and `python` on its path, and nothing of ours set."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "inlet").write_text(
        f"#!{sys.executable}\nfrom app.cli import run\n\nrun()\n", encoding="utf-8"
    )
    (programs / "inlet").chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    environ = environ_of(tmp_path, artifacts=SHIPPED)
    return environ | {"PATH": f"{programs}{os.pathsep}{environ['PATH']}"}


def a_free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def follow(page, folder, environ):
    """Type a page into a shell; what it started is ended with it. Exit code and what was said."""
    ports = {port: a_free_port() for port in PORTS}
    text = script(page.read_text(encoding="utf-8"), ports=ports)
    work = folder / "work"
    work.mkdir()
    with (folder / "said").open("w+b") as said:
        shell = subprocess.Popen(
            ["bash", "-c", text],
            cwd=work,
            env=environ | {"INLET_PORT": str(ports["8080"])},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            code = shell.wait(PAGE_S)
        finally:
            with suppress(ProcessLookupError):  # nothing of it is left
                os.killpg(shell.pid, signal.SIGKILL)  # the session that this test made
            shell.wait(30)
        said.seek(0)
        return code, said.read().decode("utf-8", "replace")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("page", RUN, ids=ids)
def test_every_command_of_a_page_works_when_it_is_typed(page, tmp_path, typed):
    code, said = follow(page, tmp_path, typed)

    assert code == 0, said


def test_a_page_whose_command_fails_would_be_found(tmp_path, typed):
    page = tmp_path / "page.md"
    page.write_text("```sh\ninlet endpoints pause nobody\n```\n\n```sh\ntrue\n```\n")

    code, said = follow(page, tmp_path, typed)

    assert code == 1
    assert "there is no endpoint of that name" in said


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_block_of_a_page_is_run_saved_or_excused(page):
    text = page.read_text(encoding="utf-8")
    found = blocks(text)

    assert len(found) * 2 == len(re.findall(r"^ *```", text, re.MULTILINE))
    assert {block.language for block in found} <= {"sh", "json", "text", "yaml", "python", "js"}
    assert re.findall(r"^    \S*inlet .*$", text, re.MULTILINE) == []
    assert all(len(block.excuse) > 10 for block in found if block.excuse)


def test_the_tutorial_and_every_kind_of_page_is_there():
    names = {page.stem for page in PAGES}

    assert {"tutorial", "from-mail-providers", "to-webhook"} <= names
    assert DOCS / "tutorial.md" in RUN
