import gzip
import hashlib
import hmac
import json
import zlib
from dataclasses import replace

import pytest
from support import an_endpoint
from support_api import running_api
from support_predict import predict_by_word

from app.domain import ArrivalStatus
from app.inbound.values import NotAuthentic, Post
from app.storage import arrivals, messages
from models.prediction import Signal

CRLF = "\r\n"
MAIL = CRLF.join(
    [
        "From: Ada <ada@example.com>",
        "To: hello@inlet.example",
        "Subject: Pricing",
        "Message-ID: <1@example.com>",
        "Date: Wed, 25 Nov 2026 11:59:00 +0000",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "What is the price for forty seats?",
        "",
        "-- ",
        "Ada Lovelace",
        "Head of Operations, Hollow Oak Ltd",
        "",
        "On Tue, 24 Nov 2026 at 10:00, Kim <kim@inlet.example> wrote:",
        "> May we show you a demo?",
    ]
).encode()
POSTMARK = {
    "FromFull": {"Email": "ada@example.com", "Name": "Ada"},
    "ToFull": [{"Email": "hello@inlet.example", "Name": ""}],
    "Subject": "Pricing",
    "MessageID": "6f2c9a1e-0000-4000-8000-1234567890ab",
    "Date": "Wed, 25 Nov 2026 11:59:00 +0000",
    "TextBody": "What is the price?",
    "HtmlBody": "",
    "Headers": [{"Name": "Message-ID", "Value": "<2@example.com>"}],
    "Attachments": [],
}
LINE = {"conversation_id": "c-1", "message_id": "1", "text": "what is the price"}
KEYS = {"postmark": {"auth": "user:pass"}, "slack": {"secret": "hush"}, "rasa": {"secret": "toe"}}


@pytest.fixture
def api(database, clock):
    with running_api(database, clock, sources=KEYS) as running:
        running.add_endpoint(name="sales")
        yield running


def post_mail(client, raw=MAIL, **headers):
    return client.post(
        "/v1/inbound/email", content=raw, headers={"Content-Type": "message/rfc822", **headers}
    )


def post_postmark(client, body=POSTMARK, auth=("user", "pass")):
    return client.post("/v1/inbound/postmark", json=body, auth=auth)


def post_line(client, **changes):
    return client.post("/v1/inbound/chat", json={**LINE, **changes})


def stored(api):
    with api.database.read() as conn:
        kept = arrivals.listed(conn, limit=200)
        return [messages.find(conn, i) for one in kept for i in one.message_ids]


def test_a_raw_mail_is_kept_and_read_into_what_was_written_just_now(api):
    answer = post_mail(api.client())
    api.read_arrivals()

    assert answer.status_code == 202
    [one] = stored(api)
    assert one.message.text == "What is the price for forty seats?"
    assert (one.message.subject, one.message.sender.email) == ("Pricing", "ada@example.com")
    assert one.message.external_id == "<1@example.com>"
    assert one.message.received_at.isoformat() == "2026-11-25T11:59:00+00:00"
    assert one.decision["route"] == "sales"
    assert one.facts["contact"]["name"] == "Ada Lovelace"
    assert "May we show you a demo?" in one.facts["quoted"]


def test_the_state_of_an_arrival_can_be_asked(api):
    client = api.client()
    kept = post_mail(client).json()["id"]

    waiting = client.get(f"/v1/arrivals/{kept}").json()
    api.read_arrivals()
    read = client.get(f"/v1/arrivals/{kept}").json()

    assert (waiting["status"], read["status"]) == ("waiting", "read")
    assert read["sha256"] == hashlib.sha256(MAIL).hexdigest()
    [message_id] = read["message_ids"]
    assert client.get(f"/v1/messages/{message_id}").json()["facts"]["parse_status"] == "parsed"
    assert client.get("/v1/arrivals", params={"sha256": read["sha256"]}).json()["arrivals"] == [
        read
    ]


def test_the_same_mail_twice_is_stored_once(api):
    client = api.client()

    ids = {post_mail(client).json()["id"] for _ in range(2)}
    post_mail(client, MAIL + b"\r\n")  # another copy of it, by another way
    api.read_arrivals()

    assert len(ids) == 1
    assert api.stored()["messages"] == 1


@pytest.mark.parametrize(
    ("headers", "route"),
    [
        (b"Auto-Submitted: auto-replied\r\n", "automated"),
        (b"List-Id: <news.example.com>\r\nPrecedence: bulk\r\n", "automated"),
        (b"X-Nothing: special\r\n", "sales"),
    ],
)
def test_what_a_machine_wrote_reaches_nobody(api, headers, route):
    post_mail(api.client(), headers + MAIL)
    api.read_arrivals()

    [one] = stored(api)
    assert one.decision["route"] == route
    assert bool(one.deliveries) == (route == "sales")


def test_what_is_no_mail_is_kept_for_a_person_to_look_at(api):
    post_mail(api.client(), b"\x01\x02\x03" * 200)
    api.read_arrivals()

    [one] = stored(api)
    assert one.decision["route"] == "review"
    assert one.facts["parse_status"] != "parsed"


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"", "message/rfc822", 400),
        (b" \r\n", "message/rfc822", 400),
        (MAIL, "application/json", 415),
        (MAIL, "", 415),
    ],
)
def test_what_cannot_be_a_mail_is_refused(api, raw, content_type, status):
    answer = post_mail(api.client(), raw, **{"Content-Type": content_type})

    assert answer.status_code == status


def test_a_provider_is_answered_at_once_and_read_later(api):
    answer = post_postmark(api.client())

    assert answer.status_code == 200
    assert api.stored()["messages"] == 0
    api.read_arrivals()
    [one] = stored(api)
    assert (one.message.source, one.message.external_id) == ("postmark", "<2@example.com>")


def test_a_provider_without_its_password_is_refused_and_nothing_is_kept(api):
    for auth in (None, ("user", "wrong"), ("", "")):
        assert post_postmark(api.client(), auth=auth).status_code == 401

    with api.database.read() as conn:
        assert arrivals.listed(conn) == []


@pytest.mark.parametrize("source", ["mailgun", "nope", "EMAIL", "postmark/x"])
def test_a_source_that_is_not_switched_on_is_not_there(api, source):
    assert api.client().post(f"/v1/inbound/{source}", json={}).status_code == 404


def test_a_provider_may_look_whether_the_address_is_there(api):
    client = api.client()

    assert client.head("/v1/inbound/postmark").status_code == 200
    assert client.head("/v1/inbound/mandrill").status_code == 404


def test_a_shape_that_nobody_knows_is_kept_for_review(api):
    client = api.client()
    assert post_postmark(client, body=["not", "a", "mail"]).status_code == 200

    api.read_arrivals()

    [kept] = client.get("/v1/arrivals").json()["arrivals"]
    assert (kept["status"], kept["error_code"]) == ("failed", "unknown_shape")
    again = client.post(f"/v1/arrivals/{kept['id']}/read")
    assert (again.status_code, again.json()["status"]) == (202, "waiting")
    api.read_arrivals()
    assert client.get(f"/v1/arrivals/{kept['id']}").json()["status"] == "failed"


def test_what_was_read_is_not_read_again(api):
    client = api.client()
    kept = post_mail(client).json()["id"]
    api.read_arrivals()

    again = client.post(f"/v1/arrivals/{kept}/read")

    assert (again.status_code, again.json()["code"]) == (409, "arrival_settled")


def test_a_chat_is_told_at_once_whether_a_person_should_take_over(api):
    answer = post_line(api.client()).json()

    assert (answer["handover"], answer["route"]) == (True, "sales")
    assert api.stored()["messages"] == 1


def test_a_bot_is_not_told_twice_to_hand_over(api):
    client = api.client()
    told = [
        post_line(client, message_id=str(n), text=text).json()["handover"]
        for n, text in enumerate(["what is the price", "and the price per year", "price?"])
    ]

    assert told == [True, False, False]
    assert api.stored()["deliveries"] == 1


def test_fragments_of_one_person_are_read_together_for_a_while(api):
    client = api.client()
    post_line(client, message_id="1", text="hello, one question about the")
    api.clock.advance(10)
    soon = post_line(client, message_id="2", text="thing").json()
    [first, second] = [one["message_id"] for one in (soon, soon)]

    assert first == second  # both parts of the answer are about the new message
    assert not soon["handover"]
    api.clock.advance(1_000)
    assert post_line(client, message_id="3", text="what is the price").json()["handover"]


def test_a_repeated_line_gets_its_first_answer(api):
    client = api.client()

    assert post_line(client).json() == post_line(client).json()
    assert api.stored()["messages"] == 1


def test_another_conversation_is_told_again(api):
    client = api.client()

    assert post_line(client).json()["handover"]
    assert post_line(client, conversation_id="c-2").json()["handover"]


def test_a_line_of_a_shape_that_does_not_fit_is_refused(api):
    answer = post_line(api.client(), text=7)

    assert answer.status_code == 422
    assert "text" in answer.json()["detail"]


def test_raw_mail_and_chat_ask_for_a_key_where_there_is_one(api):
    key = api.add_key("messages:write")

    assert post_mail(api.client()).status_code == 401
    assert post_line(api.client()).status_code == 401
    assert post_mail(api.client(key=key)).status_code == 202
    assert post_line(api.client(key=key)).status_code == 200


def slack(body, secret="hush", at=None, clock=None):
    stamp = str(int(at or clock().timestamp()))
    proof = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256)
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={proof.hexdigest()}",
        "Content-Type": "application/json",
    }


def test_slack_shakes_hands_only_when_it_proves_itself(api):
    body = json.dumps({"type": "url_verification", "challenge": "c3"}).encode()
    client = api.client()

    good = client.post("/v1/inbound/slack", content=body, headers=slack(body, clock=api.clock))
    bad = client.post(
        "/v1/inbound/slack", content=body, headers=slack(body, "guess", clock=api.clock)
    )

    assert (good.status_code, good.text) == (200, "c3")
    assert bad.status_code == 401


@pytest.mark.parametrize(
    ("packed", "encoding", "status"),
    [
        (gzip.compress(MAIL), "gzip", 202),
        (zlib.compress(MAIL), "deflate", 202),
        (MAIL, "gzip", 400),
        (MAIL, "br", 415),
        (gzip.compress(b"a" * 37_000_000), "gzip", 413),
    ],
)
def test_a_packed_body_is_unpacked_within_the_limit(api, packed, encoding, status):
    assert post_mail(api.client(), packed, **{"Content-Encoding": encoding}).status_code == status


def test_rasa_is_answered_as_its_own_server_would(api):
    client = api.client()
    body = {"text": "what is the price", "message_id": "m", "token": "toe"}
    api.add_key("classify")  # from now on a call needs a key, or the token

    answer = client.post("/model/parse", json=body)

    assert answer.status_code == 200
    assert answer.json()["text"] == body["text"]
    assert answer.json()["intent"]["name"] == "pricing"
    assert client.post("/model/parse", json={**body, "token": "guess"}).status_code == 401
    assert client.post("/model/parse", json={"text": 3, "token": "toe"}).status_code == 422


def test_an_arrival_waits_while_the_model_is_overloaded(database, clock):
    def busy(_texts):
        raise RuntimeError("no model")

    with running_api(database, clock, predict=busy) as api:
        post_mail(api.client())
        api.read_arrivals()

        with database.read() as conn:
            [kept] = arrivals.listed(conn)
        assert (kept.status, kept.error_code) == (ArrivalStatus.WAITING, "internal_error")
        assert kept.next_attempt_at > clock()


def test_endpoints_hear_of_a_mail_once(api):
    with api.database.write() as conn:
        from app.storage import endpoints

        endpoints.add(conn, an_endpoint(id="ep_2", name="unrelated"))
    post_mail(api.client())
    api.read_arrivals()

    assert api.stored()["deliveries"] == 1


def test_the_role_is_read_from_the_signature_and_the_wish_from_the_text_alone(database, clock):
    asked = []

    def predict(texts):
        asked.extend(texts)
        said = predict_by_word(texts)
        return [
            replace(
                one,
                signals={"buyer_role": Signal("executive" if "Head" in text else "unknown", 0.9)},
            )
            for one, text in zip(said, texts, strict=True)
        ]

    with running_api(database, clock, predict=predict) as api:
        post_mail(api.client())
        api.read_arrivals()
        [one] = stored(api)

    assert one.prediction["signals"]["buyer_role"]["label"] == "executive"
    assert one.prediction["labels"] == ["pricing"]
    assert "Head of Operations" not in asked[0]


@pytest.mark.parametrize("source", ["email", "chat"])
def test_no_other_address_leads_around_the_key(api, source):
    api.add_key("messages:write")
    client = api.client()

    assert client.post(f"/v1/inbound/{source}/mime", json=LINE).status_code == 404
    assert client.post(f"/v1/inbound/{source}", json=LINE).status_code == 401


def test_sources_that_take_an_api_key_prove_nothing_by_themselves(api):
    mailroom = api.app.state.services.mailroom
    post = Post(url="http://x", query={}, headers={}, body=MAIL, received_at=api.clock())

    for name in ("email", "chat"):
        with pytest.raises(NotAuthentic):
            mailroom.take(mailroom.desk(name), post)


def test_a_national_number_of_the_operators_country_is_read(database, clock):
    signed = MAIL.replace(b"Head of Operations", b"Head of Operations\r\n030 55501234")
    with running_api(database, clock, phone_region="DE") as api:
        post_mail(api.client(), signed)
        api.read_arrivals()
        [one] = stored(api)

    assert one.facts["contact"]["phone"] == "+493055501234"


def test_two_mails_of_the_same_id_are_two_messages(api):
    post_mail(api.client())
    post_mail(api.client(), MAIL.replace(b"forty seats", b"nine hundred seats"))
    api.read_arrivals()

    assert sorted(one.message.text for one in stored(api)) == [
        "What is the price for forty seats?",
        "What is the price for nine hundred seats?",
    ]


def test_who_was_silent_for_a_day_is_told_of_again(api):
    client = api.client()
    told = []
    for number in range(4):
        told.append(post_line(client, message_id=str(number)).json()["handover"])
        api.clock.advance(20 * 3_600)

    assert told == [True, False, True, False]


def test_what_points_to_a_source_that_is_off_here_is_read_later(database, clock):
    with running_api(database, clock, sources=KEYS) as api:
        post_postmark(api.client())
    with running_api(database, clock) as other:
        other.read_arrivals()
        [kept] = other.client().get("/v1/arrivals").json()["arrivals"]

    assert (kept["status"], kept["error_code"]) == ("waiting", "not_found")


def test_our_own_mail_is_never_a_wish(database, clock):
    with running_api(database, clock, sources=KEYS, own_addresses=("ada@example.com",)) as api:
        post_postmark(api.client())
        api.read_arrivals()
        [one] = stored(api)

    assert one.decision["route"] == "automated"


def test_a_mail_that_was_cut_while_packed_is_refused(api):
    packed = gzip.compress(MAIL)

    assert post_mail(api.client(), packed[:-9], **{"Content-Encoding": "gzip"}).status_code == 400
    twice = post_mail(api.client(), packed + packed, **{"Content-Encoding": "gzip"})
    assert twice.status_code == 400


def test_bodies_in_memory_are_bounded_and_given_back(api):
    budget = api.app.state.inbound_budget
    post_mail(api.client())
    assert budget.held == 0

    budget.take(256 * 1024 * 1024)
    refused = post_postmark(api.client())
    budget.give_back(256 * 1024 * 1024)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert post_postmark(api.client()).status_code == 200
