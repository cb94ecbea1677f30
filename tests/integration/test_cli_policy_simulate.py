from datetime import UTC, datetime, timedelta

import pytest
from support import a_message
from support_cli import Cli

from app.domain import new_id
from app.storage import messages
from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate
from models.prediction import Prediction

POLICY = """\
version: 1
rules:
  - {name: buys, intents: {pricing: 0.95}, route: sales, endpoints: [sales], event: lead.detected}
otherwise: {route: inbox, endpoints: [inbox], event: message.routed}
"""
DECISION = {
    "route": "sales",
    "rule": "wants to buy",
    "reasons": ["pricing 0.90 reaches the model's threshold"],
    "endpoints": ["sales"],
    "event_type": "lead.detected",
}
SAID = Prediction(
    intents={"pricing": 0.9},
    labels=("pricing",),
    signals={},
    model_version="v1",
    language="en",
    truncated=False,
)


@pytest.fixture
def cli(tmp_path, artifacts):
    path = tmp_path / "inlet.db"
    database = open_database(sqlite_url(path))
    migrate(database)
    now = datetime.now(UTC)
    with database.write() as conn:
        for days in (40, 20, 10):
            at = now - timedelta(days=days)
            message = a_message(id=new_id("msg", at), received_at=at, created_at=at)
            messages.add(conn, message, prediction=SAID.as_dict(), decision=DECISION)
    database.close()
    (tmp_path / "new.yaml").write_text(POLICY)
    return Cli(tmp_path, artifacts=artifacts, database_url=sqlite_url(path))


def test_it_shows_what_would_be_decided_otherwise(cli, tmp_path):
    result = cli.run("policy", "simulate", tmp_path / "new.yaml")

    assert result.exit_code == 0, result.stderr
    assert "2 messages since" in result.stderr
    assert "2 would be decided otherwise" in result.stderr
    for part in ("inbox", "-0.7", "+0.7", "was      sales by 'wants to buy', told to sales"):
        assert part in result.stdout
    assert "would be inbox by 'otherwise', told to inbox" in result.stdout
    assert "pricing 0.90 is under the policy's 0.95" in result.stdout


def test_a_script_gets_the_same_as_json(cli, tmp_path):
    found = cli.json("policy", "simulate", tmp_path / "new.yaml", "--since", "60d")

    assert (found["messages"], found["changed"]) == (3, 3)
    assert found["routes"] == [{"before": "sales", "after": "inbox", "messages": 3}]
    assert found["examples"][0]["before"] == DECISION


def test_only_the_newest_may_be_replayed(cli, tmp_path):
    policy = tmp_path / "new.yaml"

    assert cli.json("policy", "simulate", policy, "--since", "60d", "--limit", 1)["messages"] == 1
    assert cli.json("policy", "simulate", policy, "--limit", 100)["messages"] == 2


def test_the_policy_in_force_is_tried_where_none_is_named(cli, tmp_path):
    shipped = cli.json("policy", "simulate")
    cli.environ["INLET_POLICY"] = str(tmp_path / "new.yaml")

    assert shipped["routes"] == [{"before": "sales", "after": "sales", "messages": 2}]
    assert cli.json("policy", "simulate")["changed"] == 2


def test_a_bad_policy_is_named_with_its_line(cli, tmp_path):
    (tmp_path / "bad.yaml").write_text(POLICY.replace("0.95", "often"))

    told = cli.refused("policy", "simulate", tmp_path / "bad.yaml")

    assert told.startswith(f"{tmp_path / 'bad.yaml'}:3: ")


def test_a_time_that_is_none_is_refused(cli, tmp_path):
    told = cli.refused("policy", "simulate", tmp_path / "new.yaml", "--since", "soon")

    assert "since must be" in told
