from datetime import UTC, datetime, timedelta

import pytest
from support_cli import Cli
from support_clocks import HOUR, a_clock, fill, taken

from app.storage.engine import open_database

POLICY = """
version: 1
rules:
  - name: pricing
    intents: {pricing: model}
    route: sales
    endpoints: [sales]
    event: lead.detected
otherwise: {route: inbox, endpoints: [], event: message.routed}
"""


@pytest.fixture
def cli(sqlite_file, tmp_path):
    return Cli(tmp_path, database_url=f"sqlite:///{sqlite_file}")


@pytest.fixture
def kept(sqlite_file):
    """Two promises of the last hours, one of them kept, and one of long ago."""
    now = datetime.now(UTC)
    times = {"started_at": now - 3 * HOUR, "promised_at": now - 2 * HOUR}
    past = {name: at - timedelta(days=60) for name, at in times.items()}
    database = open_database(f"sqlite:///{sqlite_file}")
    fill(
        database,
        taken(1, timedelta(minutes=59, seconds=59), **times),
        a_clock(2, owner="ben", **times),
        taken(3, timedelta(days=2, hours=3), **past),
    )
    database.close()


def test_a_table_shows_owners_and_all_together(cli, kept):
    result = cli.run("sla")

    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines()]
    cells = {row[0]: row[1:5] for row in rows if row}
    assert (result.exit_code, result.stderr) == (0, "")
    assert cells["ana"] == ["1", "100%", "59 min 59 s", "59 min 59 s"]
    assert cells["ben"] == ["1", "0%", "", ""]
    assert cells["all"] == ["2", "50%", "59 min 59 s", "59 min 59 s"]


def test_a_longer_time_counts_more(cli, kept):
    found = cli.json("sla", "--since", "90d", "--by", "route")

    assert found["by"] == "route"
    assert found["whole"]["promises"] == 3
    assert [(one["name"], one["inside"]) for one in found["groups"]] == [("sales", 1)]
    assert "2 d 3 h" in cli.run("sla", "--since", "90d", "--by", "week").stdout


def test_it_says_when_there_were_too_many_to_count(cli, kept, monkeypatch):
    monkeypatch.setattr("app.sla.MAX_CLOCKS", 1)

    result = cli.run("sla")

    assert cli.json("sla")["whole"]["promises"] == 1
    assert result.stderr.startswith("There are more: the oldest are left out.")


def test_without_promises_there_is_nothing_to_measure(cli):
    assert cli.json("sla")["whole"]["inside_ratio"] is None
    assert cli.run("sla").stderr.startswith("No reply was promised since ")


def test_a_column_that_says_nothing_is_left_out_and_the_sum_never(cli, kept):
    table = cli.run("sla", "--since", "90d").stdout

    assert ("sum" in table, "lapsed" in table) == (True, False)


def test_a_wrong_time_is_refused(cli):
    assert cli.refused("sla", "--since", "soon").startswith("since must be a time ago")


def test_the_policy_that_is_asked_for_working_time_must_be_readable(cli, tmp_path):
    policy = tmp_path / "policy.yaml"
    cli.environ["INLET_POLICY"] = str(policy)

    policy.write_text(POLICY)
    assert cli.json("sla")["whole"]["promises"] == 0
    policy.write_text("version: 1")
    assert "policy.yaml:1: missing rules" in cli.refused("sla")
