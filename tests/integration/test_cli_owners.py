from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support_cli import Cli
from support_clocks import a_clock, fill, taken

from app.storage.engine import open_database, sqlite_url

POLICY = """
version: 1
calendars:
  shut:
    zone: UTC
    hours: {{mon-sun: "00:00-24:00"}}
    holidays: [{yesterday}, {today}, {tomorrow}]
owners:
  ana: {{name: Ana Lima, capacity: 2}}
  ben: {{name: Ben, calendar: shut}}
  cem: {{name: Cem, absences: [2000-01-01..9999-12-31]}}
  dan: {{name: Dan, left: 2020-01-01}}
  eve: {{name: Eve, email: eve@example.com, capacity: 1}}
pools:
  sales: {{owners: {{ana: 2, ben: 0.5}}, fallback: eve}}
  success: {{owners: [cem, dan], fallback: cem}}
otherwise: {{route: inbox, endpoints: [], event: lead.detected}}
rules:
  - {{name: buys, intents: {{pricing: model}}, route: sales, endpoints: [], event: lead.detected}}
"""


@pytest.fixture
def today():
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def cli(tmp_path, today):
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}
    dates = {name: (today + timedelta(days=n)).date() for name, n in days.items()}
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(**dates))
    return Cli(tmp_path, policy=policy)


def waiting(cli, *clocks):
    cli.json("owners", "show")  # makes the database
    with closing(open_database(sqlite_url(cli.folder / "data" / "inlet.db"))) as database:
        fill(database, *clocks)


def test_each_owner_is_shown_with_what_keeps_them(cli, today):
    waiting(
        cli, a_clock(1, owner="ana"), a_clock(2, owner="eve"), taken(3, timedelta(), owner="ana")
    )
    rows = cli.json("owners", "show")
    opens_at = today + timedelta(days=2)

    assert [(row["pool"], row["owner"], row["weight"], row["fallback"]) for row in rows] == [
        ("sales", "ana", 2.0, False),
        ("sales", "ben", 0.5, False),
        ("sales", "eve", None, True),
        ("success", "cem", 1.0, True),
        ("success", "dan", 1.0, False),
    ]
    assert [(row["available"], row["why_not"], row["load"], row["capacity"]) for row in rows] == [
        (True, None, 1, 2),
        (False, "not at work now", 0, None),
        (False, "no room: 1 of 1 messages wait for a reply", 1, 1),
        (False, "absent until 9999-12-31", 0, None),
        (False, "left on 2020-01-01", 0, None),
    ]
    assert rows[1]["opens_at"] == opens_at.isoformat()
    assert [rows[3]["opens_at"], rows[4]["opens_at"]] == [None, None]


def test_a_table_tells_a_person_the_same_without_addresses(cli, today):
    waiting(cli, a_clock(1, owner="ana"))
    table = cli.run("owners", "show").stdout
    opening = f"{today + timedelta(days=2):%a %Y-%m-%d} 00:00 UTC"
    told = ("at work", "1 of 2", "not at work now", opening, "1, fallback", "0.5", "never")

    assert [text for text in told if text not in table] == []
    assert "@" not in table


def test_a_policy_without_pools_says_what_is_missing(tmp_path):
    result = Cli(tmp_path).run("owners", "show")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == (
        "The policy has no pools: name people in `owners` and share them out in `pools`.\n"
    )
