import json
import subprocess
import sys

import pytest
from support_service import ROOT

BY_HTTP = {"Sender.post", "Sender.fetch"}
BY_BOTH = {"endpoints add", "endpoints test", "worker"}
LISTS = {"address", "URL trick", "name", "changing name", "allowed edge"}


def prove(*options):
    """Run the proof in a process of its own, all of whose connections it watches."""
    command = [sys.executable, "-m", "tests.benchmarks.egress", "--quick", "--json", *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300)
    return ended.returncode, json.loads(ended.stdout)


@pytest.fixture(scope="module")
def proof():
    return prove()


def test_nothing_inside_is_reached_by_any_way_out(proof):
    exit_code, result = proof

    assert result["violations"] == []
    assert exit_code == 0
    assert sum(row["reached"] + row["begun"] for row in result["rows"]) == 0


def test_every_list_goes_through_every_way_out(proof):
    _, result = proof

    tried = {(row["what"], row["way"]) for row in result["rows"] if row["tried"]}
    web = {(what, way) for what in LISTS for way in BY_HTTP | BY_BOTH}
    mail = {(f"mail: {what}", way) for what in LISTS for way in {"Sender, mail"} | BY_BOTH}
    redirect = {("redirect", way) for way in BY_HTTP | BY_BOTH - {"endpoints add"}}
    own = {("our own address", way) for way in BY_HTTP | BY_BOTH}
    assert tried == web | mail | redirect | own


def test_the_canaries_notice_what_an_open_guard_lets_through():
    exit_code, result = prove("--control")

    reached = {row["way"] for row in result["rows"] if row["reached"]}
    assert exit_code == 1
    assert reached >= BY_HTTP | BY_BOTH - {"endpoints add"}
