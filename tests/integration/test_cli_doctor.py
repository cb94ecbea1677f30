import json

import pytest
from support_cli import Cli
from support_receiver import Receiver, status

CHECKS = [
    *("settings", "model", "threads", "policy", "database", "clock", "disk", "endpoints", "keys"),
    "proxy",
]
SECRET = "hunter2"


@pytest.fixture
def cli(tmp_path, artifacts):
    return Cli(tmp_path, artifacts=artifacts)


def findings(cli):
    """check -> whether it is in order, and what is said; and the exit code of the command."""
    result = cli.run("doctor", "--json")
    found = {row["check"]: (row["ok"], row["detail"]) for row in json.loads(result.stdout)}
    return result.exit_code, found


def mends(cli):
    """check -> how to mend it."""
    found = json.loads(cli.run("doctor", "--json").stdout)
    return {row["check"]: row["mend"] for row in found}


def test_all_is_in_order_on_a_fresh_machine(cli):
    code, found = findings(cli)

    assert code == 0
    assert list(found) == CHECKS
    assert all(ok for ok, _ in found.values())
    assert found["keys"][1] == "no key: open to this machine"
    assert found["database"][1].startswith("sqlite 3.")
    assert "journal wal" in found["database"][1]
    assert "a write is on the disk in " in found["disk"][1]
    assert found["clock"][1] == "as the disk has it"
    assert "lint finds" in found["policy"][1]
    assert "0 pending, 0 delivered, 0 dead, 0 suppressed" in found["database"][1]
    assert found["endpoints"][1].endswith(
        "the policy names inbox, sales, success, support, not added yet"
    )


def test_a_person_gets_a_line_a_check(cli):
    result = cli.run("doctor")

    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    told = [(words[0], words[1]) for words in lines if words[0] != "→"]
    assert [check for _, check in told] == CHECKS
    assert {mark for mark, _ in told} == {"ok", "hint"}


def test_what_could_be_better_is_told_under_its_check(cli):
    lines = cli.run("doctor").stdout.splitlines()

    (number,) = (n for n, line in enumerate(lines) if line.startswith("hint keys"))
    assert lines[number + 1].strip() == "→ `inlet keys create NAME`"


def test_every_hint_has_a_mend_and_what_is_well_has_none(cli):
    cli.json("keys", "create", "gateway")

    found = mends(cli)

    assert found["endpoints"] == "`inlet endpoints add inbox https://…`"
    assert (found["keys"], found["model"], found["proxy"]) == ("", "", "")


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
    assert found["endpoints"][1].startswith(
        "1 there, 0 answer; sales: the host is not on the public internet"
    )


def test_an_endpoint_that_is_there_is_connected_to_and_nothing_is_sent(cli):
    cli.environ["INLET_EGRESS_ALLOW_CIDRS"] = "127.0.0.0/8"
    with Receiver(status(204)) as receiver:
        cli.json("endpoints", "add", "sales", receiver.url)

        code, found = findings(cli)

        assert code == 0
        assert found["endpoints"][1].startswith("1 there, 1 answer; the policy names inbox, ")
        assert receiver.requests == []


def test_a_disabled_endpoint_is_named_and_not_tried(cli):
    cli.json("endpoints", "add", "sales", "https://sales.invalid/hook")
    cli.run("endpoints", "disable", "sales")

    code, found = findings(cli)

    assert code == 0
    assert "disabled: sales" in found["endpoints"][1]
    assert mends(cli)["endpoints"].startswith("`inlet endpoints enable sales`")


def test_a_policy_that_lint_finds_an_error_in_fails(cli, tmp_path):
    policy = tmp_path / "policy.yaml"
    rule = "{name: %s, intents: {pricing: model}, route: r, endpoints: [r], event: a.b}"
    policy.write_text(
        "version: 1\n"
        f"rules:\n  - {rule % 'a'}\n  - {rule % 'b'}\n"
        "otherwise: {route: inbox, endpoints: [inbox], event: message.routed}\n"
    )
    cli.environ["INLET_POLICY"] = str(policy)

    code, found = findings(cli)

    assert code == 1
    assert "lint finds 1 errors" in found["policy"][1]
    assert mends(cli)["policy"] == "`inlet policy lint` shows them"


def test_a_server_that_loses_commits_in_a_power_cut_is_found(cli, postgresql_url):
    """The tests' own server is for speed."""
    cli.environ["INLET_DATABASE_URL"] = postgresql_url

    code, found = findings(cli)

    assert code == 1
    assert found["database"][0] is False
    assert "a power cut loses messages: fsync, full_page_writes is off" in found["database"][1]
    assert found["clock"] == (True, "as the database and the disk has it")


def test_more_threads_than_cores_are_told(cli):
    cli.environ["INLET_THREADS"] = "256"

    assert "INLET_THREADS=" in mends(cli)["threads"]


def test_a_service_that_is_closed_to_everyone_is_told_apart(cli):
    cli.environ["INLET_HOST"] = "0.0.0.0"

    assert findings(cli)[1]["keys"][1] == "no key: closed to every call"


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
