import json

import pytest
from support_cli import Cli

CHECKS = ["settings", "model", "policy", "database", "endpoints", "keys", "disk"]
SECRET = "hunter2"


@pytest.fixture
def cli(tmp_path, artifacts):
    return Cli(tmp_path, artifacts=artifacts)


def findings(cli):
    """check -> whether it is in order, and what is said; and the exit code of the command."""
    result = cli.run("doctor", "--json")
    found = {row["check"]: (row["ok"], row["detail"]) for row in json.loads(result.stdout)}
    return result.exit_code, found


def test_all_is_in_order_on_a_fresh_machine(cli):
    code, found = findings(cli)

    assert code == 0
    assert list(found) == CHECKS
    assert all(ok for ok, _ in found.values())
    assert found["keys"][1] == "no key: open to this machine; `inlet keys create`"
    assert "0 pending, 0 delivered, 0 dead, 0 suppressed" in found["database"][1]
    assert found["endpoints"][1].endswith(
        "the policy names inbox, sales, success, support, not added yet"
    )


def test_a_person_gets_a_line_a_check(cli):
    result = cli.run("doctor")

    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["ok", check] for check in CHECKS
    ]


def test_a_bad_setting_is_the_only_finding(tmp_path):
    code, found = findings(Cli(tmp_path, port="many", log_level="loud"))

    assert code == 1
    assert list(found) == ["settings"]
    assert found["settings"][1].startswith("INLET_PORT should be a valid integer")


def test_a_missing_model_is_found_and_the_rest_is_checked_all_the_same(tmp_path):
    code, found = findings(Cli(tmp_path, artifacts=tmp_path / "none"))

    assert code == 1
    assert [check for check, (ok, _) in found.items() if not ok] == ["model"]
    assert found["model"][1].startswith("there is no version 'default' in ")


def test_a_policy_that_asks_for_an_intent_the_model_lacks_is_found(cli, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "version: 1\n"
        "rules:\n"
        "  - {name: a, intents: {prices: model}, route: r, endpoints: [r], event: a.b}\n"
        "otherwise: {route: inbox, endpoints: [inbox], event: message.routed}\n"
    )
    cli.environ["INLET_POLICY"] = str(policy)

    code, found = findings(cli)

    assert code == 1
    assert found["policy"][1].startswith(f"{policy}:3: unknown intent 'prices'")


def test_an_endpoint_that_may_no_longer_be_called_is_named(cli):
    cli.environ["INLET_EGRESS_ALLOW_CIDRS"] = "127.0.0.0/8"
    cli.json("endpoints", "add", "sales", "http://127.0.0.1:9000/hook")
    del cli.environ["INLET_EGRESS_ALLOW_CIDRS"]

    code, found = findings(cli)

    assert code == 1
    assert found["endpoints"][1].startswith("sales: the host is not on the public internet")


def test_a_service_that_is_closed_to_everyone_is_told_apart(cli):
    cli.environ["INLET_HOST"] = "0.0.0.0"

    assert findings(cli)[1]["keys"][1] == "no key: closed to every call; `inlet keys create`"


def test_a_key_closes_the_service(cli):
    cli.json("keys", "create", "gateway")

    assert findings(cli)[1]["keys"] == (True, "calls need a key")


def test_a_database_that_is_none_is_found(cli, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "inlet.db").write_text("something else " * 100)

    code, found = findings(cli)

    assert code == 1
    assert found["database"] == (
        False,
        f"{tmp_path}/data/inlet.db is no SQLite database; move it away",
    )


def test_what_is_printed_can_be_pasted_into_a_ticket(cli):
    cli.environ["INLET_DATABASE_URL"] = f"postgresql://inlet:{SECRET}@127.0.0.1:1/[x]"

    result = cli.run("doctor")

    assert result.exit_code == 1
    assert "INLET_DATABASE_URL=postgresql://inlet:***@127.0.0.1:1/[x]" in result.stdout
    assert SECRET not in result.stdout + result.stderr
