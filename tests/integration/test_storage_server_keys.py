from support import START, race

from app.storage import server_keys
from app.storage.engine import open_database
from app.storage.server_keys import LINKS, key_of


def test_a_key_is_made_at_first_use_and_stays(database):
    first = key_of(database, LINKS, now=START)

    assert (len(first), key_of(database, LINKS, now=START)) == (32, first)


def test_each_name_has_a_key_of_its_own(database):
    assert key_of(database, LINKS, now=START) != key_of(database, "other", now=START)


def test_looking_for_a_key_makes_none(database):
    with database.write() as conn:
        found = [server_keys.find(conn, LINKS), server_keys.find(conn, LINKS)]

    assert found == [None, None]


def test_sixteen_processes_that_ask_at_once_get_the_same_key(database_url):
    replicas = [open_database(database_url) for _ in range(16)]

    keys = race(16, lambda n: key_of(replicas[n], LINKS, now=START))

    for replica in replicas:
        replica.close()
    assert (len(set(keys)), len(keys[0])) == (1, 32)
