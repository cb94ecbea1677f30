import fcntl
import json
import signal
import smtplib
import socket
import sys
from pathlib import Path

import pytest
import typer
from support_service import Inlet, environ_of
from support_smtp import FROM, MAIL, TO, Raw, bodies, connected
from typer.testing import CliRunner

from app.cli.smtp import smtp

COMMAND = (sys.executable, "-c", "import typer; from app.cli.smtp import smtp; typer.run(smtp)")
alone = typer.Typer()
alone.command()(smtp)


@pytest.fixture
def environ(tmp_path, database_url):
    return environ_of(tmp_path, database_url=database_url)


def address_of(running):
    return running.wait_until_it_listens().rpartition(":")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_takes_mails_until_a_signal(tmp_path, database, environ, number):
    args = ("--port", "0", "--lmtp", "--domain", "Ours.example", "--max-bytes", "2000")
    with Inlet(*args, environ=environ, folder=tmp_path, command=COMMAND) as running:
        scheme, _, port = address_of(running)
        with connected(int(port), lmtp=True) as client, connected(int(port), lmtp=True):
            client.sendmail(FROM, TO, MAIL)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail(FROM, "x@theirs.example", MAIL)
            size = client.esmtp_features["size"]
            code = running.stop(number, timeout_s=10)

    assert (scheme, size, code) == ("lmtp://127.0.0.1", "2000", 0)
    assert bodies(database) == [MAIL]
    assert "Traceback" not in running.said()
    assert "smtp_open_to_others" not in running.said()


@pytest.mark.parametrize(("signals", "code"), [(1, 0), (2, -signal.SIGTERM)])
def test_a_database_that_hangs_does_not_hold_up_the_end(tmp_path, sqlite_file, signals, code):
    """At the first signal there are ten seconds, at the second one none."""
    environ = environ_of(tmp_path, database_url=f"sqlite:///{sqlite_file}")
    with (
        Inlet("--port", "0", environ=environ, folder=tmp_path, command=COMMAND) as running,
        Raw(int(address_of(running)[2])) as client,
        Path(f"{sqlite_file}.lock").open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        client.begin_mail()
        client.socket.sendall(MAIL + b".\r\n")
        for _ in range(signals):
            running.process.send_signal(signal.SIGTERM)
            running.wait_until_it_says("smtp_stopping")

        assert running.process.wait(10 / signals) == code
        assert not client.lines.read().startswith(b"250 ")


def test_a_door_that_is_open_to_others_is_told(tmp_path, environ):
    args = ("--port", "0", "--host", "0.0.0.0")
    with Inlet(*args, environ=environ, folder=tmp_path, command=COMMAND) as running:
        scheme = address_of(running)[0]
        assert running.stop() == 0

    (warning,) = [line for line in running.said().splitlines() if "smtp_open_to_others" in line]
    event = json.loads(warning)
    assert scheme == "smtp://127.0.0.1"
    assert (event["level"], event["host"], event["every_domain"]) == ("warning", "0.0.0.0", True)


def refused(*args):
    """The sentence of a command that does not begin."""
    result = CliRunner().invoke(alone, args, env={"HOME": "/nowhere"})
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


@pytest.mark.parametrize("domain", ["", ".", "hello@ours.example"])
def test_a_domain_is_no_address(domain):
    assert refused("--domain", domain) == (
        "error: --domain takes what stands behind the @, such as example.com\n"
    )


def test_a_port_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        args = ("--port", str(other.getsockname()[1]))
        with Inlet(
            *args, environ=environ_of(tmp_path), folder=tmp_path, command=COMMAND
        ) as running:
            assert running.process.wait(60) == 1

    said = running.said()
    assert said.startswith(f"error: cannot listen on 127.0.0.1 port {args[1]}: Address already")
    assert not (tmp_path / "data").exists()


def test_without_the_extra_the_command_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "aiosmtpd"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)

    assert refused() == "error: `inlet smtp` needs aiosmtpd: `pip install 'inlet[smtp]'`\n"
