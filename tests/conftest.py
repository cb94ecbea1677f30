"""Databases for every test that asks for one: each test on SQLite and on PostgreSQL."""

import shutil

import pytest
from postgresql_server import NotInstalled, PostgreSQLServer
from support import Clock

from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def postgresql_server():
    """One server for the session, or for each process of it; started when first asked for."""
    try:
        server = PostgreSQLServer()
    except NotInstalled as missing:
        pytest.fail(str(missing), pytrace=False)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "inlet.db"
    _migrate(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server):
    name = postgresql_server.create_database()
    _migrate(postgresql_server.url(name))
    return name


@pytest.fixture
def sqlite_file(migrated_sqlite_file, tmp_path):
    """A migrated SQLite file of this test's own."""
    return shutil.copy(migrated_sqlite_file, tmp_path / "inlet.db")


@pytest.fixture
def postgresql_url(postgresql_server, migrated_postgresql):
    """A migrated PostgreSQL database, empty; its schema must stay as it is."""
    yield postgresql_server.url(migrated_postgresql)
    postgresql_server.clear_database(migrated_postgresql)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """A migrated database without rows, for tests that open it themselves."""
    if request.param == "sqlite":
        return sqlite_url(request.getfixturevalue("sqlite_file"))
    return request.getfixturevalue("postgresql_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request, tmp_path):
    """A database of this test's own, which no migration has seen."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
        return
    server = request.getfixturevalue("postgresql_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def database(database_url):
    database = open_database(database_url)
    yield database
    database.close()


def _migrate(url):
    database = open_database(url)
    migrate(database)
    database.close()
