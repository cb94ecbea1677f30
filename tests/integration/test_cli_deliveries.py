from contextlib import closing

import pytest
from support import a_delivery, an_attempt, an_endpoint
from support_cli import Cli
from support_outbox import DEAD, PENDING, SUPPRESSED, fill

from app.storage import endpoints, outbox
from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def kept(cli):
    """The database of the commands, with dead letters to two endpoints."""
    (cli.folder / "data").mkdir()
    with closing(open_database(sqlite_url(cli.folder / "data" / "inlet.db"))) as database:
        migrate(database)
        fill(
            database,
            *(a_delivery(id=f"dlv_{n}", status=DEAD, attempts=10) for n in (1, 2)),
            a_delivery(id="dlv_3", status=DEAD, endpoint_id="ep_2"),
            a_delivery(id="dlv_4", status=SUPPRESSED),
            receivers=(an_endpoint(), an_endpoint(id="ep_2", name="inbox")),
        )
        yield database


def waiting(database):
    with database.read() as conn:
        return sorted(one.id for one in outbox.listed(conn, status=PENDING))


def ids(rows):
    return [row["id"] for row in rows]


def test_deliveries_are_listed_newest_first_with_their_endpoints_names(cli, kept):
    rows = cli.json("deliveries", "list", "--status", "dead")

    assert [(row["id"], row["endpoint"]) for row in rows] == [
        ("dlv_3", "inbox"),
        ("dlv_2", "sales"),
        ("dlv_1", "sales"),
    ]
    assert rows[0] == {
        "id": "dlv_3",
        "message_id": "msg_1",
        "endpoint": "inbox",
        "event_type": "lead.detected",
        "status": "dead",
        "attempts": 0,
        "due": None,
        "made": "2026-11-25T12:00:00+00:00",
    }
    assert "dlv_3" in cli.run("deliveries", "list").stdout


def test_deliveries_are_listed_by_endpoint_and_by_the_page(cli, kept):
    assert ids(cli.json("deliveries", "list", "--endpoint", "inbox")) == ["dlv_3"]
    first = ids(cli.json("deliveries", "list", "--limit", 2))
    assert ids(cli.json("deliveries", "list", "--before", first[-1])) == ["dlv_2", "dlv_1"]


def test_a_delivery_is_shown_with_its_attempts(cli, kept):
    refused = an_attempt(1, status_code=503, body_excerpt="später", duration_ms=12.34)
    with kept.write() as conn:
        outbox.record(conn, refused, status=DEAD)

    shown = cli.json("deliveries", "show", "dlv_1")

    assert (shown["id"], shown["status"], shown["endpoint"]) == ("dlv_1", "dead", "sales")
    assert shown["history"] == [
        {
            "number": 1,
            "at": "2026-11-25T12:00:00.123+00:00",
            "status_code": 503,
            "error_code": None,
            "duration_ms": 12.3,
            "answer": "später",
        }
    ]
    printed = cli.run("deliveries", "show", "dlv_1").stdout
    assert "status: dead" in printed
    assert "später" in printed


def test_one_delivery_is_sent_again(cli, kept):
    assert cli.json("deliveries", "replay", "dlv_1") == {"replayed": 1}
    assert waiting(kept) == ["dlv_1"]
    assert cli.refused("deliveries", "replay", "dlv_1") == "this delivery is on its way already"


def test_the_dead_letters_of_an_endpoint_are_sent_again(cli, kept):
    result = cli.run("deliveries", "replay", "--endpoint", "sales")

    assert result.stderr.startswith("2 on their way")
    assert waiting(kept) == ["dlv_1", "dlv_2"]


def test_a_range_of_time_and_another_status_are_sent_again(cli, kept):
    suppressed = ("--endpoint", "sales", "--status", "suppressed")

    assert cli.json("deliveries", "replay", "--since", "2026-11-26") == {"replayed": 0}
    assert cli.json("deliveries", "replay", "--until", "2026-11-25") == {"replayed": 0}
    assert cli.json("deliveries", "replay", *suppressed) == {"replayed": 1}
    assert cli.json("deliveries", "replay", "--since", "2026-11-25", "--limit", "1") == {
        "replayed": 1
    }
    assert waiting(kept) == ["dlv_1", "dlv_4"]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ((), "say which: the id of one, or --endpoint, --since, --until"),
        (("dlv_9",), "there is no delivery with this id"),
        (("dlv_1", "--since", "1d"), "give the id of one delivery, or a range; not both"),
        (("--endpoint", "x"), "there is no endpoint of that name; `inlet endpoints list` shows"),
        (("--since", "canary"), "--since must be a time ago such as 12h, 30d or 8w, or a date"),
        (("--until", "canary"), "--until must be a time ago such as 12h, 30d or 8w, or a date"),
    ],
)
def test_a_replay_that_names_nothing_is_refused(cli, kept, args, sentence):
    refused = cli.refused("deliveries", "replay", *args)

    assert refused.startswith(sentence)
    assert "canary" not in refused
    assert waiting(kept) == []


def test_a_disabled_endpoint_has_to_be_enabled_first(cli, kept):
    with kept.write() as conn:
        endpoints.set_enabled(conn, "ep_1", False)

    assert cli.refused("deliveries", "replay", "--endpoint", "sales") == (
        "the endpoint is disabled: `inlet endpoints enable` lets events go to it again"
    )


def test_what_is_not_there_cannot_be_shown(cli, kept):
    assert cli.refused("deliveries", "show", "dlv_9") == "there is no delivery with this id"
