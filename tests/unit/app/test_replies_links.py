import base64
import random
import string
from dataclasses import replace
from datetime import timedelta

import pytest
from support import START

from app.domain import new_id
from app.replies.links import LIFE, PATH, Action, Refusal, Ticket, links_of, read_token, token_of

KEY = bytes(range(32))
MESSAGE_ID = new_id("msg", START)
EXPIRES_AT = (START + LIFE).replace(microsecond=0)
BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def a_ticket(**changes):
    ticket = Ticket(message_id=MESSAGE_ID, action=Action.MINE, owner="ana", expires_at=EXPIRES_AT)
    return replace(ticket, **changes)


def mutations(token, count, *, seed):
    """Tokens that are near to one: characters changed, lost, doubled, swapped, or anything."""
    order = random.Random(seed)
    kinds = (
        lambda at: token[:at] + order.choice(BASE64URL) + token[at + 1 :],
        lambda at: token[:at] + token[at + 1 :],
        lambda at: token[:at] + token[at] + token[at:],
        lambda at: token[:at] + order.choice("=.+/ \n\x00é%🙂") + token[at + 1 :],
        lambda at: token[:at],
        lambda at: token[at:] + token[:at],
        lambda at: token + order.choice(["=", "==", "A", "\n", " ", token]),
        lambda at: "".join(order.choices(BASE64URL, k=order.randint(0, 200))),
        lambda at: flipped(token, order),
    )
    made = (order.choice(kinds)(order.randrange(len(token))) for _ in range(count * 2))
    return [one for one in made if one != token][:count]


def flipped(token, order):
    """A token of which one bit is another one."""
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[order.randrange(len(raw))] ^= 1 << order.randrange(8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("owner", ["ana", "Żaneta 🙂", "x" * 200, None])
def test_a_token_says_what_it_was_made_for(action, owner):
    ticket = a_ticket(action=action, owner=owner)

    token = token_of(KEY, ticket)

    assert read_token(KEY, token, START) == ticket
    assert set(token) <= set(BASE64URL)


def test_a_token_is_short():
    assert len(token_of(KEY, a_ticket())) == 76


def test_a_token_holds_until_its_second_comes():
    token = token_of(KEY, a_ticket())

    assert read_token(KEY, token, EXPIRES_AT - timedelta(microseconds=1)) == a_ticket()
    assert read_token(KEY, token, EXPIRES_AT) is Refusal.EXPIRED


def test_twenty_thousand_mutations_never_hold_and_never_raise():
    tokens = [token_of(KEY, a_ticket(action=action)) for action in Action]
    changed = [one for n, token in enumerate(tokens) for one in mutations(token, 7_000, seed=n)]

    answers = {read_token(KEY, one, START) for one in changed if one not in tokens}

    assert len(changed) >= 20_000
    assert answers == {Refusal.UNKNOWN}


def test_another_spelling_of_the_same_bytes_is_no_token():
    token = token_of(KEY, a_ticket(owner="ab"))
    other = token[:-1] + BASE64URL[BASE64URL.index(token[-1]) + 1]
    assert base64.urlsafe_b64decode(other + "==") == base64.urlsafe_b64decode(token + "==")

    assert read_token(KEY, other, START) is Refusal.UNKNOWN


@pytest.mark.parametrize(
    "key", [bytes(32), KEY[::-1], KEY[:-1], b""], ids=["zeros", "turned", "shorter", "none"]
)
def test_a_token_of_another_key_is_none(key):
    assert read_token(key, token_of(KEY, a_ticket()), START) is Refusal.UNKNOWN


def test_a_token_of_another_version_is_none(monkeypatch):
    token = token_of(KEY, a_ticket())
    monkeypatch.setattr("app.replies.links._VERSION", 2)

    assert read_token(KEY, token, START) is Refusal.UNKNOWN


def test_an_alert_has_three_links_each_for_its_own_action():
    links = links_of(
        "https://inlet.example.com/in",
        KEY,
        message_id=MESSAGE_ID,
        owner="ana",
        expires_at=START + LIFE,
    )

    assert list(links) == ["mine", "wrong_label", "not_a_lead"]
    for name, link in links.items():
        base, token = link.split(PATH)
        assert base == "https://inlet.example.com/in"
        assert read_token(KEY, token, START) == a_ticket(action=Action(name))


def test_without_a_public_address_there_are_no_links():
    assert links_of(None, KEY, message_id="msg_1", owner=None, expires_at=START) is None
