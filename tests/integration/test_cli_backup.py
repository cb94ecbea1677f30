import json
import shutil
import stat
import subprocess
import zipfile
from contextlib import closing

import pytest
from support_cli import Cli
from support_service import Inlet, environ_of

from app.dashboard.sessions import Sessions
from app.domain import Role
from app.parts import utc_now
from app.storage.engine import open_database, sqlite_url

LOOPBACK = "127.0.0.0/8"
POLICY = "version: 1\notherwise: {route: inbox, endpoints: [inbox], event: message.routed}\n"


@pytest.fixture
def artifacts(tmp_path):
    """A registry that names its live version; nothing here loads a model."""
    root = tmp_path / "artifacts"
    root.mkdir()
    (root / "CURRENT").write_text("first\n")
    return root


@pytest.fixture
def cli(tmp_path, artifacts):
    return Cli(tmp_path, artifacts=artifacts, egress_allow_cidrs=LOOPBACK)


@pytest.fixture
def elsewhere(tmp_path, artifacts):
    """Another installation of the same operator."""
    return Cli(tmp_path, artifacts=artifacts, data_dir=tmp_path / "elsewhere")


def endpoints(cli):
    return [row["name"] for row in cli.json("endpoints", "list")]


def add(cli, name):
    cli.json("endpoints", "add", name, f"http://127.0.0.1:9000/{name}")


def about(file):
    with zipfile.ZipFile(file) as parts:
        return json.loads(parts.read("about.json"))


def test_a_backup_is_restored_elsewhere_with_all_that_was_there(cli, elsewhere, tmp_path):
    add(cli, "sales")
    file = tmp_path / "inlet.zip"

    made = cli.json("backup", file)
    restored = elsewhere.json("restore", file)

    assert endpoints(elsewhere) == ["sales"]
    assert (made["file"], made["messages"]) == (str(file), 0)
    assert restored == {
        "database": f"{tmp_path}/elsewhere/inlet.db",
        "aside": None,
        "policy": None,
        "pending": 0,
        **{name: made[name] for name in ("made_at", "inlet", "model", "schema", "messages")},
    }


def test_a_backup_is_one_file_for_its_owner_alone(cli, tmp_path):
    add(cli, "sales")
    folder = tmp_path / "backups"
    folder.mkdir()

    result = cli.run("backup", folder / "one.zip")

    assert (result.exit_code, result.stdout) == (0, f"{folder}/one.zip\n")
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as parts:
        assert parts.namelist() == ["about.json", "policy.yaml", "inlet.db"]


def test_a_backup_into_a_folder_is_named_by_the_time(cli, tmp_path):
    add(cli, "sales")
    folder = tmp_path / "backups"
    folder.mkdir()

    made = cli.json("backup", folder)

    (file,) = folder.iterdir()
    assert made["file"] == str(file)
    stamp = made["made_at"].replace("-", "").replace(":", "").replace("+0000", "Z")
    assert file.name == f"inlet-{stamp}.zip"


def test_a_backup_notes_model_and_settings_without_their_secrets(cli, tmp_path):
    cli.environ |= {"INLET_MAILGUN_SECRET": "hunter2", "INLET_PUBLIC_URL": "https://in.example.com"}
    add(cli, "sales")

    cli.json("backup", tmp_path / "inlet.zip")

    noted = about(tmp_path / "inlet.zip")
    assert noted["model"] == "first"
    assert noted["settings"]["INLET_PUBLIC_URL"] == "https://in.example.com"
    assert noted["settings"]["INLET_SOURCES"] == "mailgun"
    assert "hunter2" not in json.dumps(noted)


def test_a_file_that_is_there_is_written_over_only_on_request(cli, tmp_path):
    add(cli, "sales")
    file = tmp_path / "inlet.zip"
    file.write_text("precious")

    sentence = cli.refused("backup", file)

    assert sentence == f"{file} is there already; give another name, or --replace"
    assert file.read_text() == "precious"
    assert cli.json("backup", file, "--replace")["file"] == str(file)


def test_without_a_database_there_is_nothing_to_back_up_and_none_is_made(cli, tmp_path):
    sentence = cli.refused("backup", tmp_path / "inlet.zip")

    assert sentence == f"there is no database at {tmp_path}/data/inlet.db: nothing to back up"
    assert not (tmp_path / "data").exists()


def test_a_folder_that_is_not_there_is_told(cli, tmp_path):
    add(cli, "sales")

    assert cli.refused("backup", tmp_path / "no" / "inlet.zip") == (
        f"there is no folder {tmp_path}/no: make it"
    )


def test_a_database_that_is_there_is_moved_aside_only_on_request(cli, tmp_path):
    file = tmp_path / "inlet.zip"
    add(cli, "sales")
    cli.json("backup", file)
    add(cli, "support")

    sentence = cli.refused("restore", file)
    before = endpoints(cli)
    restored = cli.json("restore", file, "--replace")

    assert sentence == f"there is a database at {tmp_path}/data/inlet.db; --replace moves it aside"
    assert (before, endpoints(cli)) == (["sales", "support"], ["sales"])
    cli.environ["INLET_DATABASE_URL"] = f"sqlite:///{restored['aside']}"
    assert endpoints(cli) == ["sales", "support"]


def test_what_is_in_use_is_backed_up_and_not_replaced(cli, tmp_path):
    add(cli, "sales")
    with Inlet("worker", environ=environ_of(tmp_path), folder=tmp_path) as running:
        running.wait_until_it_says("delivering; stop with Ctrl-C")
        file = tmp_path / "inlet.zip"

        cli.json("backup", file)
        sentence = cli.refused("restore", file, "--replace")

        assert sentence == "a process has the database open: stop the service, and try again"
        assert running.stop(timeout_s=60) == 0
    assert cli.json("restore", file, "--replace")["messages"] == 0


def test_another_policy_is_kept_beside_the_database_and_told(cli, elsewhere, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    cli.environ["INLET_POLICY"] = str(policy)
    add(cli, "sales")
    cli.json("backup", tmp_path / "inlet.zip")

    result = elsewhere.run("restore", tmp_path / "inlet.zip")

    assert result.exit_code == 0
    (kept,) = (tmp_path / "elsewhere").glob("policy-*.yaml")
    assert kept.read_text() == POLICY
    assert f"another policy is in force: set INLET_POLICY to {kept}, or keep yours" in result.stderr
    assert (
        f"set otherwise then: INLET_EGRESS_ALLOW_CIDRS={LOOPBACK}, INLET_POLICY=" in result.stderr
    )


def test_another_model_is_told(cli, elsewhere, tmp_path):
    add(cli, "sales")
    cli.json("backup", tmp_path / "inlet.zip")
    elsewhere.environ["INLET_ARTIFACTS"] = str(tmp_path / "none")

    result = elsewhere.run("restore", tmp_path / "inlet.zip")

    version = about(tmp_path / "inlet.zip")["model"]
    assert (
        f"another model is live: `inlet models promote {version}`, or keep yours" in result.stderr
    )


def rewritten(source, target, **parts):
    """A backup with other contents in some of its parts."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.partition(".")[0], old.read(name)))
    return target


def test_a_spoilt_backup_is_refused_and_nothing_is_put_in_place(cli, elsewhere, tmp_path):
    add(cli, "sales")
    file = tmp_path / "inlet.zip"
    cli.json("backup", file)
    noted = json.dumps({**about(file), "format": 2})
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-2_000])
    spoilt = "is no backup of Inlet, or is spoilt"

    refused = {
        "cut": elsewhere.refused("restore", cut),
        "policy": elsewhere.refused("restore", rewritten(file, tmp_path / "1.zip", policy=b"x")),
        "newer": elsewhere.refused("restore", rewritten(file, tmp_path / "2.zip", about=noted)),
        "facts": elsewhere.refused("restore", rewritten(file, tmp_path / "3.zip", about=b"[]")),
    }

    assert refused == {
        "cut": f"{cut} {spoilt}",
        "policy": f"{tmp_path}/1.zip is spoilt: its parts are not those that were written",
        "newer": "the backup was made by a newer release: install that one",
        "facts": "what the backup says of itself cannot be read",
    }
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_backup_whose_bytes_were_changed_is_refused(cli, elsewhere, tmp_path):
    add(cli, "sales")
    file = tmp_path / "inlet.zip"
    cli.json("backup", file)
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as parts:
        at = parts.getinfo("inlet.db").header_offset + 200
    file.write_bytes(whole[:at] + b"\xff" * 400 + whole[at + 400 :])

    refused = elsewhere.refused("restore", file)

    assert refused == f"{file} is no backup of Inlet, or is spoilt"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_was_signed_in_when_the_backup_was_made_is_not_after_it_is_restored(
    cli, elsewhere, tmp_path
):
    token = cli.json("login")["url"].partition("link=")[2]
    with closing(open_database(sqlite_url(tmp_path / "data" / "inlet.db"))) as database:
        cookie = Sessions(database, now=utc_now).begin(name="Ana", role=Role.ADMIN)
    cli.json("backup", tmp_path / "inlet.zip")

    elsewhere.json("restore", tmp_path / "inlet.zip")

    with closing(open_database(sqlite_url(tmp_path / "elsewhere" / "inlet.db"))) as database:
        restored = Sessions(database, now=utc_now)
        assert (restored.viewer(cookie), restored.find(token)) == (None, None)


def test_a_file_that_is_not_there_is_told(cli, tmp_path):
    assert cli.refused("restore", tmp_path / "no.zip") == (
        f"{tmp_path}/no.zip: No such file or directory"
    )


def test_for_postgresql_the_command_to_type_is_told_without_the_password(cli, tmp_path):
    cli.environ["INLET_DATABASE_URL"] = "postgresql+psycopg://inlet:hunter2@db/inlet"

    backed_up, restored = cli.refused("backup", "my.dump"), cli.refused("restore", "my.dump")

    assert backed_up.startswith(
        "PostgreSQL has tools of its own; type: pg_dump --format=custom --no-owner --file=my.dump "
        "--dbname=postgresql://inlet@db/inlet (the password by PGPASSWORD or ~/.pgpass)"
    )
    assert "type: pg_restore --clean --if-exists --no-owner --single-transaction " in restored
    assert "hunter2" not in backed_up + restored


@pytest.mark.skipif(not shutil.which("pg_dump"), reason="PostgreSQL's client is not installed")
def test_the_commands_told_for_postgresql_do_what_they_say(cli, tmp_path, postgresql_server):
    name = postgresql_server.create_database()
    cli.environ["INLET_DATABASE_URL"] = postgresql_server.url(name)
    add(cli, "sales")
    file = tmp_path / "my.dump"

    type_it(cli.refused("backup", file))
    add(cli, "support")
    type_it(cli.refused("restore", file))

    assert endpoints(cli) == ["sales"]
    postgresql_server.drop_database(name)


def type_it(sentence):
    command = sentence.partition("type: ")[2].partition(" (the password")[0]
    subprocess.run(["sh", "-c", command], check=True, timeout=60)
