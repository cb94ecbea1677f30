from datetime import timedelta

import pytest
from sqlalchemy import event, select
from support import DECISION, PREDICTION, START, a_delivery, a_message, an_endpoint, race

from app.domain import Channel, Sender, Stored
from app.errors import Duplicate
from app.storage import endpoints, idempotency, messages, outbox, tables
from app.storage.idempotency import Remembered
from app.storage.messages import By, Judged, Past, Whose

SHA256 = b"\x00" * 31 + b"\xff"


def add(conn, message):
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION)


def remember(conn, key, *, owner="key_1", now=START):
    idempotency.remember(
        conn, owner=owner, key=key, body_sha256=SHA256, message_id="msg_1", now=now
    )


def test_a_message_comes_back_as_it_was_with_what_was_made_of_it(database):
    first, second = a_delivery(id="dlv_1"), a_delivery(id="dlv_2", event_type="message.routed")
    with database.write() as conn:
        endpoints.add(conn, an_endpoint())
        add(conn, a_message())
        outbox.enqueue(conn, second)
        outbox.enqueue(conn, first)

    with database.read() as conn:
        found = messages.find(conn, "msg_1")
    assert found == Stored(
        message=a_message(),
        prediction=PREDICTION,
        decision=DECISION,
        facts=None,
        deliveries=(first, second),
    )
    assert list(found.prediction["intents"]) == ["pricing", "demo_request"]


def test_a_message_may_lack_what_its_gateway_did_not_know(database):
    bare = a_message(sender=Sender(), thread_id=None, subject="", external_id=None)
    with database.write() as conn:
        add(conn, bare)

    with database.read() as conn:
        assert messages.find(conn, "msg_1").message == bare


def test_a_message_that_is_not_there_is_none(database):
    with database.read() as conn:
        found = [
            messages.find(conn, "msg_9"),
            messages.find_external(conn, "api", "9"),
            idempotency.recall(conn, owner="key_1", key="9"),
        ]

    assert found == [None, None, None]


def test_a_message_is_found_by_its_sources_own_id(database):
    with database.write() as conn:
        add(conn, a_message(source="mail", external_id="<1@example.com>"))

    with database.read() as conn:
        found = messages.find_external(conn, "mail", "<1@example.com>")
        other_source = messages.find_external(conn, "chat", "<1@example.com>")
    assert (found.message.id, other_source) == ("msg_1", None)


def test_a_second_message_of_one_external_id_is_a_duplicate_and_the_first_stands(database):
    first = a_message(source="mail", external_id="1")
    with database.write() as conn:
        add(conn, first)

        with pytest.raises(Duplicate):
            add(conn, a_message(id="msg_2", source="mail", external_id="1", text="other"))
        # The transaction lives on, so that the first can be answered with at once.
        assert messages.find_external(conn, "mail", "1").message == first


def test_a_second_message_of_one_id_is_a_duplicate(database):
    with database.write() as conn:
        add(conn, a_message())

    with pytest.raises(Duplicate), database.write() as conn:
        add(conn, a_message(text="other"))


def test_messages_without_external_id_are_never_duplicates(database):
    with database.write() as conn:
        for number in range(3):
            add(conn, a_message(id=f"msg_{number}", external_id=None))

    with database.read() as conn:
        assert messages.find(conn, "msg_2") is not None


def test_sixteen_threads_that_add_one_external_id_store_it_once(database):
    def add_and_enqueue(number):
        with database.write() as conn:
            add(conn, a_message(id=f"msg_{number}", source="mail", external_id="1"))
            outbox.enqueue(conn, a_delivery(id=f"dlv_{number}", message_id=f"msg_{number}"))
        return number

    with database.write() as conn:
        endpoints.add(conn, an_endpoint())
    outcomes = race(16, add_and_enqueue)

    stored = [outcome for outcome in outcomes if isinstance(outcome, int)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Duplicate)]
    with database.read() as conn:
        deliveries = outbox.listed(conn)
        found = messages.find_external(conn, "mail", "1")
    assert (len(stored), len(refused)) == (1, 15)
    assert [found.message.id] == [f"msg_{n}" for n in stored]
    assert [delivery.id for delivery in deliveries] == [f"dlv_{n}" for n in stored]


def test_an_idempotency_key_recalls_its_first_body_and_message(database):
    with database.write() as conn:
        add(conn, a_message())
        remember(conn, "k")

    with database.read() as conn:
        found = idempotency.recall(conn, owner="key_1", key="k")
    assert found == Remembered(body_sha256=SHA256, message_id="msg_1")


def test_an_idempotency_key_is_its_owners_alone(database):
    with database.write() as conn:
        add(conn, a_message())
        remember(conn, "k", owner="key_1")
        remember(conn, "k", owner="key_2")

        with pytest.raises(Duplicate):
            remember(conn, "k", owner="key_2")
        assert idempotency.recall(conn, owner="key_3", key="k") is None


def test_idempotency_keys_are_forgotten_when_they_are_old(database):
    with database.write() as conn:
        add(conn, a_message())
        for hours in (0, 1, 2):
            remember(conn, f"k{hours}", now=START + timedelta(hours=hours))
        forgotten = idempotency.forget_before(conn, START + timedelta(hours=1))

    with database.read() as conn:
        left = [idempotency.recall(conn, owner="key_1", key=f"k{n}") is not None for n in range(3)]
    assert (forgotten, left) == (1, [False, True, True])


def test_threads_that_race_with_one_idempotency_key_store_one_message(database):
    def accept(number):
        with database.write() as conn:
            add(conn, a_message(id=f"msg_{number}"))
            idempotency.remember(
                conn,
                owner="key_1",
                key="k",
                body_sha256=SHA256,
                message_id=f"msg_{number}",
                now=START,
            )
        return number

    outcomes = race(16, accept)
    stored = [outcome for outcome in outcomes if isinstance(outcome, int)]

    with database.read() as conn:
        remembered = idempotency.recall(conn, owner="key_1", key="k").message_id
        found = [messages.find(conn, f"msg_{n}") is not None for n in range(16)]
    assert len(stored) == 1
    assert remembered == f"msg_{stored[0]}"
    assert found == [number in stored for number in range(16)]


def wrote(conn, number, *, email="ada@acme.com", **changes):
    """Store a message that came in number minutes after the others."""
    at = START + timedelta(minutes=number)
    message = a_message(
        id=f"msg_{number:03}", sender=Sender(email), received_at=at, created_at=at, **changes
    )
    add(conn, message)
    return message


def test_a_message_is_kept_under_its_person_and_their_company(database):
    with database.write() as conn:
        for number, email in enumerate(["Ada@Mail.Acme.com", "ada@gmail.com", "visitor", None]):
            wrote(conn, number, email=email)

    with database.read() as conn:
        query = select(tables.messages.c["contact", "account"]).order_by(tables.messages.c.id)
        found = conn.execute(query).all()
    assert found == [
        ("ada@mail.acme.com", "acme.com"),
        ("ada@gmail.com", None),
        ("visitor", None),
        (None, None),
    ]


def test_a_message_says_how_many_deliveries_were_promised_with_it(database):
    with database.write() as conn:
        add(conn, a_message())
        messages.add(
            conn, a_message(id="msg_2"), prediction=PREDICTION, decision=DECISION, promised=3
        )

    with database.read() as conn:
        found = conn.scalars(select(tables.messages.c.promised).order_by(tables.messages.c.id))
        assert found.all() == [0, 3]


def test_the_last_messages_of_a_person_come_newest_last(database):
    with database.write() as conn:
        wrote(conn, 3, text="ü" * 300)
        for number in (1, 5, 2, 4):
            wrote(conn, number)
        wrote(conn, 0, email="bob@acme.com")

    with database.read() as conn:
        before = START + timedelta(minutes=5)
        whole = messages.last_of(conn, Whose(By.CONTACT, "ada@acme.com"), before=before)
        last = messages.last_of(conn, Whose(By.CONTACT, "ada@acme.com"), before=before, limit=2)
        nobody = messages.last_of(conn, Whose(By.CONTACT, "eve@acme.com"), before=before)
    assert [past.id for past in whole] == ["msg_001", "msg_002", "msg_003", "msg_004"]
    assert last == whole[-2:]
    assert last[0] == Past(
        id="msg_003",
        channel=Channel.EMAIL,
        received_at=START + timedelta(minutes=3),
        subject="Angebot für 20 Plätze",
        excerpt="ü" * 200,
        prediction=PREDICTION,
        aside=False,
    )
    assert nobody == []


def test_the_last_messages_of_a_company_are_those_of_all_its_people(database):
    with database.write() as conn:
        for number, email in enumerate(["ada@acme.com", "bob@mail.acme.com", "eve@other.com"]):
            wrote(conn, number, email=email)

    with database.read() as conn:
        found = messages.last_of(
            conn, Whose(By.ACCOUNT, "acme.com"), before=START + timedelta(days=1)
        )
    assert [past.id for past in found] == ["msg_000", "msg_001"]


def test_messages_are_counted_up_to_a_bound(database, monkeypatch):
    with database.write() as conn:
        for number in range(7):
            wrote(conn, number, email=f"{'ada' if number % 2 else 'bob'}@acme.com")

    def counted(by, name):
        with database.read() as conn:
            before = START + timedelta(minutes=6)
            return messages.count_of(conn, Whose(by, name), before=before)

    assert counted(By.CONTACT, "ada@acme.com") == 3
    assert counted(By.ACCOUNT, "acme.com") == 6
    assert counted(By.ACCOUNT, "other.com") == 0
    monkeypatch.setattr(messages, "COUNTED", 4)
    assert counted(By.ACCOUNT, "acme.com") == 4


def test_one_looks_back_on_what_had_reached_us_by_then(database):
    with database.write() as conn:
        for number in range(3):
            wrote(conn, number)
        late = START + timedelta(minutes=30)
        add(conn, a_message(id="msg_9", sender=Sender("ada@acme.com"), created_at=late))

    then = {"before": late, "stored_before": late}
    with database.read() as conn:
        ada = Whose(By.CONTACT, "ada@acme.com")
        found = messages.last_of(conn, ada, **then)
        assert [past.id for past in found] == ["msg_000", "msg_001", "msg_002"]
        assert messages.count_of(conn, ada, **then) == 3
        assert messages.count_of(conn, ada, before=late) == 4


def test_the_first_message_of_some_people_is_known_by_their_name(database):
    with database.write() as conn:
        for number, email in enumerate(["ada@acme.com", "bob@acme.com", "ada@acme.com"]):
            wrote(conn, number, email=email)

    with database.read() as conn:
        people = ["ada@acme.com", "bob@acme.com", "eve@acme.com"]
        assert messages.first_of(conn, By.CONTACT, people) == {
            "ada@acme.com": START,
            "bob@acme.com": START + timedelta(minutes=1),
        }
        assert messages.first_of(conn, By.ACCOUNT, ["acme.com"]) == {"acme.com": START}
        assert messages.first_of(conn, By.ACCOUNT, []) == {}


@pytest.mark.parametrize("by", By)
def test_looking_back_walks_an_index(database, by):
    statements = []
    with database.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
        messages.last_of(conn, Whose(by, "x"), before=START)
        messages.count_of(conn, Whose(by, "x"), before=START)
        messages.first_of(conn, by, ["x"])
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "

    with database.read() as conn:
        if database.dialect == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the table is empty
            conn.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plans = [str(conn.exec_driver_sql(explain + sql, given).all()) for sql, given in statements]
    assert [f"ix_messages_{by}_received_at" in plan for plan in plans] == [True] * 3


def test_messages_are_read_page_by_page_and_none_is_missed(database):
    with database.write() as conn:
        for number in range(10):
            same_instant = START + timedelta(minutes=number // 4)
            message = a_message(id=f"msg_{9 - number}", created_at=same_instant)
            messages.add(
                conn, message, prediction=PREDICTION, decision=DECISION, facts={"n": number}
            )

    def pages(size, since):
        last = None
        while True:
            with database.read() as conn:
                page = messages.judged_since(conn, since, after=last, limit=size)
            if not page:
                return
            yield [one.id for one in page]
            last = page[-1]

    in_order = [f"msg_{number}" for number in (6, 7, 8, 9, 2, 3, 4, 5, 0, 1)]
    for size in (1, 3, 4, 10, 50):
        assert [one for page in pages(size, START) for one in page] == in_order
    assert list(pages(50, START + timedelta(minutes=1))) == [in_order[4:]]


def test_a_message_is_read_for_a_policy_without_its_text(database):
    with database.write() as conn:
        messages.add(
            conn, a_message(), prediction=PREDICTION, decision=DECISION, facts={"flags": []}
        )

    with database.read() as conn:
        (found,) = messages.judged_since(conn, START, limit=5)
    assert found == Judged(
        id="msg_1",
        channel=Channel.EMAIL,
        received_at=a_message().received_at,
        created_at=START,
        sender=Sender("ada@example.com", "Ada Lovelace"),
        contact="ada@example.com",
        account="example.com",
        prediction=PREDICTION,
        decision=DECISION,
        facts={"flags": []},
    )


def test_the_newest_messages_are_found_by_their_number(database):
    with database.write() as conn:
        for number in range(5):
            wrote(conn, number)

    with database.read() as conn:
        assert messages.first_of_newest(conn, 2) == START + timedelta(minutes=3)
        assert messages.first_of_newest(conn, 5) == START
        assert messages.first_of_newest(conn, 6) is None
        assert messages.count_since(conn, START + timedelta(minutes=3)) == 2


@pytest.mark.parametrize(
    ("decision", "aside"),
    [
        ({"route": "automated", "rule": "set aside", "reasons": []}, True),
        ({"route": "sales", "rule": "is set aside", "reasons": ['"rule":"set aside"']}, False),
        ({"route": "sales", "rule": '","rule":"set aside"', "reasons": []}, False),
    ],
)
def test_one_looks_back_on_what_no_rule_was_asked_about_as_such(database, decision, aside):
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=decision)

    with database.read() as conn:
        (past,) = messages.last_of(conn, Whose(By.CONTACT, "ada@example.com"), before=START)
    assert past.aside is aside
