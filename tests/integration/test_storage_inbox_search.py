import pytest
from sqlalchemy import delete
from support_inbox import keep, numbers

from app.domain import Channel, InboxState, Sender
from app.storage import inbox_keeping, inbox_search, tables
from app.storage.engine import open_database, sqlite_url
from app.storage.inbox import Filters


def found(database, text, *, before=None, limit=50, **filters):
    with database.read() as conn:
        page = inbox_search.search(conn, text, Filters(**filters), before=before, limit=limit)
    return numbers(page.rows)


def keep_texts(database, *texts):
    for number, text in enumerate(texts, start=1):
        keep(database, number, text=text, subject="", sender=Sender())


def test_a_message_is_found_by_its_subject_its_text_and_its_sender(database):
    keep(database, 1, subject="Angebot", text="Plätze", sender=Sender("ada@acme.example", "Ada L."))
    keep(database, 2, subject="Other", text="thing", sender=Sender("bo@other.example", "Bo"))

    for text in ("angebot", "PLATZE", "ada", "acme", "ada@acme.example", "plätze angebot ada l"):
        assert found(database, text) == [1], text


def test_every_word_must_be_there(database):
    keep_texts(database, "what is the price", "the demo", "price of a demo")

    assert found(database, "price demo") == [3]
    assert found(database, "demo the") == [2]


def test_the_last_word_may_be_the_beginning_of_one(database):
    keep_texts(database, "pricing", "price", "prize", "a priori pr")

    assert found(database, "pric") == [2, 1]
    assert found(database, "pric ") == []
    assert found(database, "pr") == [4]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("我想知道价格是多少？", "价格"),
        ("我想知道价格", "格"),
        ("料金を教えてください", "料金"),
        ("ราคาเท่าไหร่", "ราคา"),
        ("Сколько это стоит", "стоит"),
        ("कीमत क्या है", "कीमत"),
        ("가격이 얼마인가요", "가격이"),
        ("İSTANBUL", "istanbul"),
        ("Straße", "STRASSE"),
        ("café", "cafe"),
    ],
)
def test_a_message_of_any_script_is_found(database, text, query):
    keep_texts(database, text, "another text")

    assert found(database, query) == [1]


@pytest.mark.parametrize(
    "text",
    ["", " ", "…", "'", '"', "*", "()", "&|!:*<->", "NEAR(", "\x00", "\ud800", "🙂", "%", "_"],
)
def test_what_has_no_word_finds_nothing(database, text):
    keep_texts(database, "anything")

    assert found(database, text) == []


@pytest.mark.parametrize(
    "text",
    ["any OR nothing", "any' | 'x", '"any" NOT x', "words:any x", "any:* x", "any & !x", "-any x"],
)
def test_a_query_is_words_and_never_an_operator(database, text):
    keep_texts(database, "any", "any or nothing x not words")

    assert found(database, text) == [2]


def test_the_last_stored_come_first_a_page_at_a_time(database):
    keep_texts(database, *["price"] * 5, "demo")

    pages, before = [], None
    with database.read() as conn:
        while True:
            page = inbox_search.search(conn, "price", before=before, limit=2)
            pages.append(numbers(page.rows))
            before = page.before
            if before is None:
                break
    assert pages == [[5, 4], [3, 2], [1]]


def test_what_is_found_has_what_the_filters_say(database):
    keep(database, 1, "pricing", text="price")
    keep(database, 2, text="price", channel=Channel.CHAT)
    keep(database, 3, "pricing", text="price", route="support", owner="ana")

    assert found(database, "price", intent="pricing") == [3, 1]
    assert found(database, "price", channel=Channel.CHAT) == [2]
    assert found(database, "price", route="sales", intent="pricing") == [1]
    assert found(database, "price", owner="ana", states=(InboxState.OPEN,)) == [3]
    assert found(database, "price", states=(InboxState.DONE,)) == []


def test_a_filter_that_few_pass_ends_a_search_early_and_it_can_go_on(database, monkeypatch):
    monkeypatch.setattr(inbox_search, "_AT_ONCE", 2)
    monkeypatch.setattr(inbox_search, "LOOKED_AT", 4)
    keep(database, 1, text="price", route="support")
    for number in range(2, 7):
        keep(database, number, text="price")

    with database.read() as conn:
        first = inbox_search.search(conn, "price", Filters(route="support"))
        second = inbox_search.search(conn, "price", Filters(route="support"), before=first.before)
    assert (first.rows, first.before is None) == ((), False)
    assert (numbers(second.rows), second.before) == ([1], None)


def test_a_message_that_is_removed_is_found_no_longer(database):
    keep_texts(database, "price of cafés", "price")

    with database.write() as conn:
        inbox_keeping.remove(conn, ["msg_1"])

    assert found(database, "price") == [2]
    assert found(database, "cafes") == []


def test_the_words_of_a_message_that_is_removed_are_on_the_disk_no_longer(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    keep_texts(database, "price", "Klingenberg", "demo")

    with database.write() as conn:
        inbox_keeping.remove(conn, ["msg_2"])
        conn.execute(delete(tables.messages).where(tables.messages.c.id == "msg_2"))
    found_before_closing = found(database, "price")
    database.close()

    assert found_before_closing == [1]
    assert b"klingenberg" not in sqlite_file.read_bytes().lower()


def test_a_very_long_message_is_found_by_its_beginning(database):
    keep_texts(database, "beginning " + "x " * 50_000 + "end", "a" * 100_000)

    assert found(database, "beginning") == [1]
    assert found(database, "end") == []
    assert found(database, "a" * 60) == [2]
