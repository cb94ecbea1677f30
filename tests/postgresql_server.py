"""A PostgreSQL server of the tests' own, in a temporary folder, reached by a socket there."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_START_S = 60
_STOP_S = 30
# Speed counts here, not power cuts. Clients still ask for synchronous commits.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}
_EMPTY = """
DO $$
DECLARE name text; filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('TRUNCATE %I CASCADE', name);
        END IF;
    END LOOP;
END $$"""  # most tests fill few tables, and TRUNCATE makes new files for each and its indexes


class NotInstalled(Exception):
    pass


class PostgreSQLServer:
    def __init__(self, settings=()):
        self._settings = _SETTINGS | dict(settings)
        self._programs = _programs()
        self._user = _unprivileged_user()
        self.folder = Path(tempfile.mkdtemp(prefix="inlet-pg-"))
        if self._user:
            os.chown(self.folder, self._user["user"], self._user["group"])
        self._process = None
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._initdb()
        self.start()

    def start(self):
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_dying_with_us(), *command, *settings],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop the server
                **self._user,
            )
        self._wait_until_it_answers()

    def stop(self, how=signal.SIGINT):
        """Break every connection off and end the server."""
        self._process.send_signal(how)
        self._process.wait(_STOP_S)

    def remove(self):
        self.stop(signal.SIGQUIT)  # at once, and leave the files as they are
        shutil.rmtree(self.folder)

    def url(self, name):
        return f"postgresql+psycopg://inlet@/{name}?host={self.folder}"

    def create_database(self):
        name = next(self._names)
        self._run(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name):
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def clear_database(self, name):
        """Break off who is connected, and empty the tables: ten times faster than a new one."""
        self._run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        with self._connect(name) as conn:
            conn.execute("SET lock_timeout = '10s'")
            conn.execute(_EMPTY)

    def _run(self, statement):
        with self._connect() as conn:
            conn.execute(statement)

    def _connect(self, name="postgres"):
        return psycopg.connect(host=str(self.folder), user="inlet", dbname=name, autocommit=True)

    def _initdb(self):
        command = [self._programs / "initdb", "-D", self.folder / "data", "-U", "inlet"]
        options = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [*command, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            timeout=_START_S,
            **self._user,
        )

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + _START_S
        while True:
            try:
                return self._connect().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.02)


def _programs():
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres")
    newest_last = sorted(debian, key=lambda path: int(path.parts[-3]))
    found = newest_last[-1:] or [shutil.which("postgres")]
    if found == [None]:
        raise NotInstalled(
            "the tests need PostgreSQL's server programs (initdb, postgres): "
            "install them, on Debian with `apt-get install postgresql`"
        )
    return Path(found[0]).parent


def _unprivileged_user():
    """Whom to run as: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _dying_with_us():
    """End the server also where the tests are killed and cannot."""
    return ["setpriv", "--pdeathsig=QUIT"] if shutil.which("setpriv") else []
