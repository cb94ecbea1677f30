import json
import subprocess
import sys

import pytest
from support_service import ROOT

WAYS = {"Sender.post", "Sender.fetch", "endpoints add", "endpoints test", "worker"}


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
    lists = {"address", "URL trick", "name", "changing name", "allowed edge", "our own address"}
    assert tried == {(what, way) for what in lists for way in WAYS} | {
        ("redirect", way) for way in WAYS - {"endpoints add"}
    }


def test_the_canaries_notice_what_an_open_guard_lets_through():
    exit_code, result = prove("--control")

    assert exit_code == 1
    assert {row["way"] for row in result["rows"] if row["reached"]} == WAYS - {"endpoints add"}
