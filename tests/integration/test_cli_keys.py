import re
from datetime import UTC, datetime

import pytest
from support import a_key
from support_cli import Cli

from app.api.auth import digest_of
from app.storage import keys
from app.storage.engine import open_database

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def cli(request, tmp_path):
    if request.param == "sqlite":
        return Cli(tmp_path)
    return Cli(tmp_path, database_url=request.getfixturevalue("postgresql_url"))


@pytest.fixture
def local_cli(tmp_path):
    return Cli(tmp_path)


def test_a_key_is_shown_once_and_kept_as_a_digest(cli):
    result = cli.run("keys", "create", "gateway")

    assert result.exit_code == 0
    assert re.fullmatch(r"inlet_[A-Za-z0-9_-]{43}\n", result.stdout)
    assert result.stderr.startswith("Keep it now: only its digest is stored.")
    shown = cli.run("keys", "list").stdout
    assert result.stdout.strip() not in shown
    assert result.stdout[:12] in shown


def test_a_key_may_do_only_what_its_scopes_say(cli):
    made = cli.json("keys", "create", "gateway", "--scope", "classify", "--scope", "metrics")

    assert made["scopes"] == ["classify", "metrics"]
    assert cli.json("keys", "list") == [
        {
            "id": made["id"],
            "name": "gateway",
            "prefix": made["key"][:12],
            "scopes": ["classify", "metrics"],
            "state": "active",
            "last_used_at": None,
        }
    ]


def test_the_service_knows_the_key_that_was_made(local_cli):
    made = local_cli.json("keys", "create", "gateway")

    database = open_database(f"sqlite:///{local_cli.folder}/data/inlet.db")
    with database.read() as conn:
        known = keys.by_sha256(conn, digest_of(made["key"]))
    database.close()
    assert (known.id, known.scopes) == (made["id"], frozenset({"admin"}))


def test_a_revoked_key_stays_in_the_list_and_is_revoked_once(cli):
    made = cli.json("keys", "create", "gateway")

    assert cli.run("keys", "revoke", made["id"]).stderr == "revoked\n"
    assert [key["state"] for key in cli.json("keys", "list")] == ["revoked"]
    again = cli.refused("keys", "revoke", made["id"])
    assert again == "there is no such key, or it is revoked already"


def test_a_key_whose_time_is_up_says_so(local_cli):
    local_cli.json("keys", "create", "guest", "--expires-days", "1")
    database = open_database(f"sqlite:///{local_cli.folder}/data/inlet.db")
    with database.write() as conn:
        keys.add(conn, a_key(expires_at=LONG_AGO, created_at=LONG_AGO), sha256=bytes(32))
    database.close()

    states = {key["name"]: key["state"] for key in local_cli.json("keys", "list")}

    assert states == {"guest": "active", a_key().name: "expired"}


def test_an_id_is_never_shortened_however_narrow_the_terminal(local_cli):
    made = local_cli.json("keys", "create", "a name that takes more room than there is [bold]")
    local_cli.columns = 60

    assert made["id"] in local_cli.run("keys", "list").stdout


def test_an_unknown_scope_is_refused_with_those_there_are(local_cli):
    sentence = local_cli.refused("keys", "create", "gateway", "--scope", "messages")

    assert sentence == (
        "unknown scope messages; there are admin, classify, deliveries:read, deliveries:write, "
        "messages:read, messages:write, metrics"
    )
    assert local_cli.json("keys", "list") == []


@pytest.mark.parametrize("name", ["", "  ", "\udcff"], ids=["none", "blank", "broken"])
def test_a_name_that_cannot_be_kept_is_refused(local_cli, name):
    assert local_cli.refused("keys", "create", name)


@pytest.mark.parametrize("days", ["0", "-1", "999999999", "soon"])
def test_a_key_runs_out_after_a_number_of_days_that_exists(local_cli, days):
    result = local_cli.run("keys", "create", "guest", "--expires-days", days)

    assert (result.exit_code, result.stdout) == (2, "")


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    sentence = Cli(tmp_path, data_dir=tmp_path / "file" / "data").refused("keys", "list")

    assert sentence.startswith(f"cannot create the database file {tmp_path}/file/data/inlet.db")


def test_a_variable_that_no_setting_has_is_refused_by_every_command(tmp_path):
    cli = Cli(tmp_path, databse_url="sqlite:///x.db")

    for command in (["keys", "list"], ["classify", "text"], ["endpoints", "list"]):
        assert cli.refused(*command) == (
            "INLET_DATABSE_URL is not a setting: did you mean INLET_DATABASE_URL?"
        )
