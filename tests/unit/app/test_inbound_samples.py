import base64
import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain import Channel
from app.inbound.assembling import Reader, assembled
from app.inbound.mail import sendgrid
from app.inbound.mime.mail import parse_mail
from app.inbound.samples import SAMPLES, outcome, sample, trace
from app.inbound.samples.content import ADDRESS, LINE, NEWEST, RECIPIENT, SUBJECT
from app.inbound.samples.curl import curl_line
from app.inbound.samples.trace import Answered, Asked
from app.inbound.sources import KEYLESS, is_on, providers
from app.inbound.values import Keys, NotAuthentic, Post
from app.settings import SOURCES as NAMED_IN_SETTINGS

NOW = datetime(2026, 11, 25, 12, 0, 0, 250_000, tzinfo=UTC)
PUBLIC = "https://inlet.example.com"
SECRET, PASSWORD = "s3cr+t/&x=", "user:pass w"


def public_key(private):
    """As vendors show theirs: DER in base64."""
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


EC, RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65_537, 2_048)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
BY_PASSWORD = ("postmark", "sendgrid", "brevo", "mailjet", "dialogflow", "dialogflow-es")
BY_SECRET = (
    *("mailgun", "mandrill", "chatwoot", "slack", "twilio", "intercom", "zendesk"),
    *("rasa", "botpress"),
)
BY_BOTH = ("mailersend", "sparkpost")
UNSIGNED = ("ses", "postal")
BY_API_KEY = ("email", "chat")
KEYS = {
    **dict.fromkeys(BY_PASSWORD, Keys(auth=PASSWORD)),
    **dict.fromkeys(BY_SECRET, Keys(secret=SECRET)),
    **dict.fromkeys(BY_BOTH, Keys(secret=SECRET, auth=PASSWORD)),
    **dict.fromkeys(BY_API_KEY, Keys()),
    "resend": Keys(secret="whsec_" + base64.b64encode(b"k" * 24).decode(), auth="resend:re_1"),
    "postal": Keys(secret=public_key(RSA)),
    "ses": Keys(topics=(TOPIC,)),
}
CHATS = ("botpress", "chat", "chatwoot", "dialogflow", "dialogflow-es", "intercom", "rasa")
LINES = (*CHATS, "slack", "twilio", "zendesk")
MAILS = tuple(sorted(KEYS.keys() - {*LINES, "resend"}))
PROVED = (*BY_PASSWORD, *BY_SECRET, *BY_BOTH, "resend")


# Every key that proves a sample; that of Resend's API proves nothing.
PROOFS = [
    (name, key)
    for name in (*BY_PASSWORD, *BY_SECRET, *BY_BOTH)
    for key in ("secret", "auth")
    if getattr(KEYS[name], key)
] + [("resend", "secret")]


def source_of(name):
    def not_asked(_url):
        raise AssertionError("a certificate was asked for")

    keyless = {source.name: source for source in KEYLESS}
    return (keyless | dict(providers(not_asked)))[name]


def made(name, keys=None, *, now=NOW, public_url=PUBLIC):
    return sample(name, keys or KEYS[name], public_url=public_url, now=now)


def post_of(one, *, at=PUBLIC, received_at=NOW):
    query = {key: values[0] for key, values in parse_qs(urlsplit(one.path).query).items()}
    return Post(
        url=at + one.path,
        query=query,
        headers=dict(one.headers),
        body=one.body,
        received_at=received_at,
    )


def with_headers(one, more):
    return replace(one, headers={**one.headers, **more})


def refusal(name, one, keys, **changes):
    """What the source says against a sample."""
    with pytest.raises(NotAuthentic) as refused:
        source_of(name).verify(post_of(one, **changes), keys)
    return refused.value.detail


def asked_of(name, *, keys=None, with_api_key=False):
    keys = keys or KEYS[name]
    one = made(name, keys)
    return Asked(source=source_of(name), keys=keys, sample=one, with_api_key=with_api_key)


def read_into_a_message(name):
    (item,) = source_of(name).read(post_of(made(name)))
    reader = Reader(parse=partial(parse_mail, own=()))
    return assembled(item, source=name, arrived_at=NOW, now=NOW, reader=reader)


def test_there_is_a_sample_for_every_source():
    known = {source.name for source in KEYLESS} | providers(lambda _url: b"").keys()

    assert SAMPLES.keys() == known == KEYS.keys()
    assert set(NAMED_IN_SETTINGS) <= known


@pytest.mark.parametrize("name", sorted(KEYS.keys() - {*BY_API_KEY}))
def test_the_keys_of_these_tests_switch_each_source_on(name):
    assert is_on(source_of(name), KEYS[name])


@pytest.mark.parametrize("name", [*PROVED, *BY_API_KEY])
def test_a_sample_is_taken_by_its_own_source(name):
    one = made(name)

    if name in PROVED:  # the others are proved by the API key that the command sends
        source_of(name).verify(post_of(one), KEYS[name])

    assert source_of(name).read(post_of(one))
    assert one.limit is None or one.limit.step == "parsed"
    assert one.path.partition("?")[0] == f"/v1/inbound/{name}"


@pytest.mark.parametrize(("name", "key"), PROOFS)
def test_a_sample_is_refused_where_the_service_has_another_key(name, key):
    other = {"secret": "whsec_" + base64.b64encode(b"o" * 24).decode(), "auth": "user:other"}

    detail = refusal(name, made(name), replace(KEYS[name], **{key: other[key]}))

    answer = Answered(status=401, told={"code": "not_authentic", "detail": detail})
    step = trace.verified(asked_of(name), answer)
    assert step.words == f"refused: {detail}"
    assert step.mend.startswith(trace.variable(source_of(name), key))
    assert step.mend.endswith(" is not the same here and in the service")


@pytest.mark.parametrize("name", ["mailgun", "slack", "zendesk", "resend"])
def test_a_clock_that_is_wrong_is_told_apart_from_a_secret_that_is(name):
    late = NOW + timedelta(days=1)

    detail = refusal(name, made(name), KEYS[name], received_at=late)

    answer = Answered(status=401, told={"code": "not_authentic", "detail": detail})
    assert "the clocks of this machine" in trace.verified(asked_of(name), answer).mend


@pytest.mark.parametrize("name", ["mandrill", "twilio"])
def test_what_is_signed_with_the_address_is_refused_at_another(name):
    detail = refusal(name, made(name), KEYS[name], at="https://other.example.com")

    answer = Answered(status=401, told={"code": "not_authentic", "detail": detail})
    assert "INLET_PUBLIC_URL" in trace.verified(asked_of(name), answer).mend


@pytest.mark.parametrize("name", UNSIGNED)
def test_what_only_the_vendor_can_sign_is_refused_and_says_so(name):
    one = made(name)

    detail = refusal(name, one, KEYS[name])

    assert detail.startswith("the signature is missing")
    assert one.limit.step == "verified"
    answer = Answered(status=401, told={"code": "not_authentic", "detail": detail})
    assert trace.verified(asked_of(name), answer).mend == one.limit.why


@pytest.mark.parametrize("auth", [None, PASSWORD])
def test_where_sendgrid_signs_its_sample_is_refused_and_says_so(auth):
    keys = Keys(secret=public_key(EC), auth=auth)
    one = made("sendgrid", keys)

    assert "INLET_SENDGRID_AUTH alone" in one.limit.why
    with pytest.raises(NotAuthentic):
        sendgrid.verify(post_of(one), keys)


def test_nothing_but_the_vendors_signature_is_missing():
    """With the private keys, which only this test has, the same requests are taken."""
    postal, mail = made("postal"), made("sendgrid", keys := Keys(secret=public_key(EC)))
    stamp = str(int(NOW.timestamp()))
    by_postal = RSA.sign(postal.body, PKCS1v15(), SHA256())
    by_sendgrid = EC.sign(stamp.encode() + mail.body, ec.ECDSA(SHA256()))

    signed = {"x-postal-signature-256": base64.b64encode(by_postal).decode()}
    source_of("postal").verify(post_of(with_headers(postal, signed)), KEYS["postal"])
    signed = {
        sendgrid.SIGNATURE: base64.b64encode(by_sendgrid).decode(),
        sendgrid.TIMESTAMP: stamp,
    }
    sendgrid.verify(post_of(with_headers(mail, signed)), keys)


def test_a_sample_of_resend_tells_that_its_text_must_be_fetched():
    one = made("resend")
    source = source_of("resend")

    (item,) = source.read(post_of(one))

    assert (item.subject, item.text, item.sender.email) == (SUBJECT, "", ADDRESS)
    assert source.fetching.url(post_of(one)).startswith("https://api.resend.com/")
    assert one.limit.step == "parsed"


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_read_as_it_was_written_just_now(name):
    read = read_into_a_message(name)

    assert (read.message.channel, read.message.subject) == (Channel.EMAIL, SUBJECT)
    assert read.message.text == NEWEST
    assert read.message.sender.email == ADDRESS
    assert read.message.external_id.endswith("@lantern-freight.example>")
    assert abs(read.message.received_at - NOW) < timedelta(seconds=1)
    assert read.facts.automated is None
    assert read.facts.shown["parse_status"] == "parsed"
    assert read.facts.shown["recipients"] == [RECIPIENT]
    assert read.facts.shown["quoted"].startswith("On Tue, 24 Nov 2026 at 12:00, Kim Alder")
    assert read.facts.shown["contact"]["company"] == "Lantern Freight AB"
    assert read.facts.shown["disclaimer"].startswith("This e-mail is confidential")


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_a_chat_is_read_whole(name):
    read = read_into_a_message(name)

    channel = Channel.SMS if name == "twilio" else Channel.CHAT
    assert (read.message.channel, read.message.text) == (channel, LINE)
    assert read.message.thread_id
    assert read.message.external_id
    assert read.message.sender.email or read.message.sender.name


@pytest.mark.parametrize("name", sorted(KEYS))
def test_two_samples_are_two_messages(name):
    ids = set()
    for _ in range(2):
        (item,) = source_of(name).read(post_of(made(name)))
        ids.add(item.external_id or item.fallback_id)

    assert len(ids) == 2


@pytest.mark.parametrize("name", sorted(PROVED))
def test_a_clock_of_another_zone_makes_no_difference(name):
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-7)))

    one = made(name, now=elsewhere)

    source_of(name).verify(post_of(one), KEYS[name])


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_sample_can_be_shown_without_its_keys(name):
    keys = KEYS[name]

    shown = curl_line(asked_of(name), "http://127.0.0.1:8080", api_key="inlet_key")

    hidden = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode()]
    hidden += [keys.secret] if keys.secret else []
    assert not [one for one in hidden if one in shown]
    assert "re_1" not in shown
    address = next(word for word in shlex.split(shown) if word.startswith("http"))
    assert address.partition("?")[0] == f"http://127.0.0.1:8080/v1/inbound/{name}"


def test_passwords_and_tokens_are_shown_as_their_variables():
    url = "http://127.0.0.1:8080"

    sparkpost = curl_line(asked_of("sparkpost"), url, api_key=None)
    rasa = curl_line(asked_of("rasa", keys=Keys(secret="plain")), url, api_key=None)

    assert '-u "$INLET_SPARKPOST_AUTH"' in sparkpost
    assert "-H 'x-messagesystems-webhook-token: '\"$INLET_SPARKPOST_SECRET\"" in sparkpost
    assert f"'{url}/v1/inbound/rasa?token='\"$INLET_RASA_SECRET\"" in rasa


def test_a_secret_that_a_query_spells_otherwise_is_masked():
    shown = curl_line(asked_of("rasa"), "http://127.0.0.1:8080", api_key=None)

    assert "'http://127.0.0.1:8080/v1/inbound/rasa?token=''***'" in shown


def test_an_api_key_is_shown_as_its_variable():
    asked = asked_of("chat", with_api_key=True)
    shows_key = {"authorization": "Bearer inlet_key"}
    asked = replace(asked, sample=with_headers(asked.sample, shows_key))

    shown = curl_line(asked, "http://127.0.0.1:8080", api_key="inlet_key")

    assert "-H 'authorization: Bearer '\"$INLET_API_KEY\"" in shown
    assert "inlet_key" not in shown


def test_what_would_prove_any_body_is_not_shown():
    """Mailgun signs a time and a token; who reads them could post what they like."""
    asked = asked_of("mailgun")

    shown = curl_line(asked, "http://127.0.0.1:8080", api_key=None)

    assert f"signature={asked.sample.proof}".encode() in asked.sample.body
    assert asked.sample.proof not in shown


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("mailgun", "INLET_MAILGUN_SECRET"),
        ("resend", "INLET_RESEND_SECRET and INLET_RESEND_AUTH"),
        ("sparkpost", "INLET_SPARKPOST_SECRET or INLET_SPARKPOST_AUTH"),
        ("ses", "INLET_SES_TOPICS"),
        ("dialogflow-es", "INLET_DIALOGFLOW_AUTH"),
    ],
)
def test_a_source_that_is_not_on_names_its_variables(name, variables):
    answer = Answered(status=404, told={"code": "not_found", "detail": "no such source"})

    step = trace.sent(asked_of(name), answer)

    assert step.mend == (
        f"{name} is not on there: set {variables} for the service and start it again"
    )


@pytest.mark.parametrize(
    ("answer", "mend"),
    [
        (Answered(status=0), "start `inlet serve`"),
        (Answered(status=404, told=None), "is not Inlet"),
        (Answered(status=302), "is not Inlet"),
        (Answered(status=503, told={"code": "overloaded", "detail": "busy"}), "service's log"),
        (Answered(status=404, told={"code": "not_found"}), "older than this one"),
    ],
)
def test_what_is_not_the_service_or_is_busy_ends_the_trace(answer, mend):
    step = trace.sent(asked_of("email"), answer)

    assert step.failed
    assert mend in step.mend


def test_a_call_that_lacks_a_key_says_how_to_get_one():
    for code, status in (("unauthenticated", 401), ("forbidden", 403)):
        answer = Answered(status=status, told={"code": code, "detail": "no"})

        step = trace.verified(asked_of("chat"), answer)

        assert "--key or INLET_API_KEY" in step.mend


def test_a_service_that_takes_what_is_unsigned_is_told():
    asked = asked_of("sendgrid", keys=Keys(secret=public_key(EC)))

    step = trace.verified(asked, Answered(status=200))

    assert step.words == "taken, although it is not signed"
    assert "INLET_SENDGRID_SECRET" in step.mend


def test_what_is_only_kept_is_told_with_its_state():
    page = {"arrivals": [{"id": "arr_1", "bytes": 7, "status": "waiting", "error_code": None}]}
    arrivals = Answered(status=200, told=page)

    step = trace.unread(asked_of("postmark"), arrivals)

    assert not trace.is_read(arrivals)
    assert trace.message_of(arrivals) == ""
    assert (step.words, step.failed) == ("waiting", True)
    assert trace.kept(Answered(status=200), arrivals).facts == {"id": "arr_1", "bytes": 7}


def test_an_event_of_resend_ends_where_its_mail_would_be_fetched():
    page = {"arrivals": [{"id": "arr_1", "status": "failed", "error_code": "unknown_shape"}]}

    step = trace.unread(asked_of("resend"), Answered(status=200, told=page))

    assert step.words == "failed: unknown_shape"
    assert "asks Resend" in step.mend


@pytest.mark.parametrize("page", [None, {}, {"arrivals": []}])
def test_what_was_not_kept_is_not_waited_for(page):
    arrivals = Answered(status=200, told=page)

    assert trace.is_read(arrivals)
    assert trace.kept(Answered(status=200), arrivals).failed


def a_message(**changes):
    told = {
        "id": "msg_1",
        "channel": "email",
        "subject": SUBJECT,
        "text": NEWEST,
        "sender": {"email": ADDRESS, "name": None},
        "message_id": "<1@x>",
        "facts": {"parse_status": "parsed", "quoted": "> hi", "signature": "", "disclaimer": ""},
        "prediction": {
            "labels": ["pricing"],
            "intents": {"pricing": 0.91, "other": 0.02},
            "abstained_because": None,
        },
        "decision": {"route": "sales", "rule": "wants to buy", "reasons": ["pricing"]},
        "deliveries": [],
        "warnings": [],
    }
    return Answered(status=200, told=told | changes)


def test_a_message_is_told_step_by_step():
    message = a_message()

    words = [
        step_of(message).words
        for step_of in (outcome.parsed, outcome.stripped, outcome.classified, outcome.decided)
    ]

    assert words == [
        f"email from {ADDRESS}, “{SUBJECT}”, <1@x>",
        f"{len(NEWEST)} characters kept; cut: quoted 4",
        "pricing 91.0%; below their thresholds: other 2.0%",
        "sales, by “wants to buy”: pricing",
    ]


def test_an_abstention_gives_its_reason():
    prediction = {"labels": [], "intents": {"other": 0.4}, "abstained_because": "low_confidence"}

    step = outcome.classified(a_message(prediction=prediction))

    assert step.words == "abstained (low_confidence); below their thresholds: other 40.0%"


def test_a_mail_that_could_not_be_read_ends_the_trace():
    step = outcome.parsed(a_message(facts={"parse_status": "timeout"}))

    assert step.mend == "the mail could not be read (timeout): see the log"


@pytest.mark.parametrize(
    ("status", "history", "words", "failed"),
    [
        ("delivered", [{"status_code": 204}], "delivered", False),
        ("pending", [], "pending", False),
        ("pending", [{"status_code": 500}], "pending, 500", True),
        ("dead", [{"status_code": None, "error_code": "timeout"}], "dead, timeout", True),
    ],
)
def test_deliveries_are_told_with_what_came_of_them(status, history, words, failed):
    one = {"id": "dlv_1", "endpoint": "ep_1", "status": status, "history": history}

    message = a_message(deliveries=[one])

    step = outcome.delivered(message)
    assert (step.words, step.failed) == (f"dlv_1 to ep_1 {words}", failed)
    assert outcome.are_tried(message) == bool(history)


def test_a_message_that_nobody_hears_of_says_why():
    assert outcome.delivered(a_message(warnings=["not added yet"])).words == "not added yet"
    assert outcome.delivered(a_message()).words.startswith("none")


def test_what_a_bot_is_told_is_read_in_the_words_of_each():
    facts = {
        "lead_intent": "pricing",
        "lead_confidence": 0.9,
        "lead_route": "sales",
        "lead_handover": True,
    }
    slots = [{"event": "slot", "name": name, "value": value} for name, value in facts.items()]

    told = [
        [step.words for step in outcome.told_to_bot(Answered(status=200, told=answer))]
        for answer in (
            {"events": slots, "responses": []},
            {"sessionInfo": {"parameters": facts}},
            {"payload": facts},
        )
    ]

    assert told[0] == told[1] == told[2]
    assert told[0][2:4] == ["pricing 90.0%", "sales, handover: True"]


def test_a_bot_that_is_told_nothing_was_not_read():
    for answer in ({"events": []}, {}, None):
        (step,) = outcome.told_to_bot(Answered(status=200, told=answer))

        assert step.failed


def test_a_step_is_told_to_scripts_with_its_mend():
    step = trace.sent(asked_of("email"), Answered(status=0))

    assert json.loads(json.dumps(step.as_dict())) == {
        "step": "sent",
        "ok": False,
        "words": "no answer",
        "status": 0,
        "ms": 0.0,
        "mend": "start `inlet serve`, or say where the service is with --url",
    }
