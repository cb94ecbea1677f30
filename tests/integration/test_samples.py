"""Sample messages: what fills an inbox, what is kept apart from it, and how it goes again."""

import json
import threading
from datetime import timedelta
from importlib.resources import files

import pytest
from sqlalchemy import func, select
from support_cli import Cli
from support_inbox_pages import arrive, listed, posted, row_of, running_inbox
from support_predict import predict_by_word

from app.demo import Filling, fill, trickle
from app.domain import ClockStatus, InboxState
from app.parts import open_database_of
from app.settings import load_settings
from app.storage import clocks, feedback, inbox, outbox, review, samples, tables

TABLES = ("messages", "inbox", "inbox_intents", "reply_clocks", "clock_events", "feedback")


@pytest.fixture
def pages(database, clock, tmp_path):
    with running_inbox(database, clock, tmp_path) as pages:
        yield pages


def half_about_prices(texts):
    return ["What is the price?" if place % 2 else text for place, text in enumerate(texts)]


def filled(pages):
    services = pages.api.app.state.services
    filling = Filling(
        predict=lambda texts: predict_by_word(half_about_prices(texts)),
        for_channel=lambda prediction, _: prediction,
        policy=services.intake.policy(),
    )
    return fill(pages.api.database, filling, now=pages.api.clock())


def rows_of(pages, table):
    with pages.api.database.read() as conn:
        return conn.execute(
            select(func.count()).select_from(tables.metadata.tables[table])
        ).scalar_one()


def sample_id(pages):
    with pages.api.database.read() as conn:
        return inbox.page(conn, inbox.Filters())[0].message_id


def test_the_samples_are_two_hundred_of_the_week_before(pages):
    assert filled(pages) == 200

    with pages.api.database.read() as conn:
        at = list(conn.execute(select(tables.messages.c.received_at)).scalars())
        assert samples.count(conn) == 200
    now = pages.api.clock()
    assert now - timedelta(days=7) <= min(at) < now - timedelta(days=5)
    assert now - timedelta(days=1) < max(at) < now


def test_samples_are_there_once(pages):
    filled(pages)

    assert filled(pages) == 0
    assert rows_of(pages, "messages") == 200


def test_nobody_is_told_of_a_sample_and_no_clock_of_one_runs(pages):
    filled(pages)

    with pages.api.database.read() as conn:
        counts = clocks.counts(conn)
        assert clocks.next_at(conn) is None
        assert outbox.counts(conn) == dict.fromkeys(outbox.counts(conn), 0)
    assert counts[ClockStatus.RUNNING] == 0
    assert min(counts[ClockStatus.ACKNOWLEDGED], counts[ClockStatus.CLOSED]) > 0


def test_samples_stand_in_every_state_but_the_one_that_somebody_waits_in(pages):
    filled(pages)

    with pages.api.database.read() as conn:
        counts = inbox.counts(conn, inbox.Filters())
    assert {state for state, count in counts.items() if count} == {
        InboxState.OPEN,
        InboxState.TAKEN,
        InboxState.DONE,
    }


def test_what_was_said_of_samples_is_neither_learnt_from_nor_measured(pages):
    filled(pages)

    assert rows_of(pages, "feedback") == 25
    with pages.api.database.read() as conn:
        assert list(feedback.corrections(conn)) == []
        assert review.told(conn, until=pages.api.clock(), limit=100) == []
    assert rows_of(pages, "review") == 0


def test_a_sample_is_marked_in_the_list_and_on_its_page_and_another_message_is_not(pages):
    real = arrive(pages)
    filled(pages)
    browser = pages.browser("viewer")

    assert browser.get("/inbox").text.count(">SAMPLE<") == inbox.LIMIT - 1
    assert ">SAMPLE<" not in browser.get(f"/messages/{real}").text
    with pages.api.database.read() as conn:
        one = next(iter(conn.execute(select(tables.messages.c.id)).scalars()))
    marked = browser.get(f"/messages/{one}").text
    assert (">SAMPLE<" in marked) == (one != real)


def test_one_button_removes_all_samples_and_nothing_else(pages):
    real = arrive(pages)
    before = {table: rows_of(pages, table) for table in TABLES}
    filled(pages)
    browser = pages.browser("admin")
    assert 'action="/samples/remove"' in browser.get("/inbox").text

    answer = posted(pages, browser, "/samples/remove")

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/inbox?told=told.samples_removed",
    )
    assert {table: rows_of(pages, table) for table in TABLES} == before
    assert row_of(pages, real) is not None
    left = browser.get("/inbox")
    assert listed(left) == [real]
    assert "/samples/remove" not in left.text


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_only_an_admin_removes_samples(pages, role):
    filled(pages)
    browser = pages.browser(role)

    assert "/samples/remove" not in browser.get("/inbox").text
    assert posted(pages, browser, "/samples/remove").status_code == 403
    assert rows_of(pages, "messages") == 200


def test_samples_are_not_removed_without_the_proof_of_a_page(pages):
    filled(pages)

    assert pages.browser("admin").post("/samples/remove").status_code == 403
    assert rows_of(pages, "messages") == 200


def test_a_corrected_sample_is_removed_too(pages):
    filled(pages)
    browser = pages.browser("admin")
    said = posted(pages, browser, f"/messages/{sample_id(pages)}/correct", kind="not_a_lead")
    assert said.status_code == 303

    posted(pages, browser, "/samples/remove")

    assert rows_of(pages, "messages") == 0


def test_samples_have_invented_senders_whose_addresses_reach_nobody():
    for name in ("samples.jsonl", "trickle.jsonl"):
        raw = files("app.demo").joinpath(name).read_text(encoding="utf-8")
        senders = [json.loads(line)["sender"] for line in raw.splitlines()]
        assert all(one["name"] for one in senders)
        assert all(one.get("email", "x.example").endswith(".example") for one in senders)


def test_the_trickle_ends_where_nobody_listens():
    assert trickle("http://127.0.0.1:9", threading.Event(), every_s=0.0) == 0


def test_the_command_adds_samples_and_removes_them(tmp_path):
    cli = Cli(tmp_path)

    assert cli.run("samples", "add").stderr.startswith("200 sample messages added; ")
    assert cli.run("samples", "add").stderr == "The samples are there already.\n"
    database = open_database_of(load_settings(cli.environ))
    with database.read() as conn:
        assert samples.count(conn) == 200
    database.close()
    assert cli.run("samples", "remove").stderr == "200 sample messages removed\n"
