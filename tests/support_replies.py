"""Messages that wait for a person, stored with their reply clocks; the links of their alerts."""

from dataclasses import replace
from datetime import timedelta

from support import START, a_message
from support_clocks import a_clock

from app.domain import new_id
from app.replies.links import LIFE, links_of
from app.routing.owners import Owner
from app.routing.policy import Policy, Rule
from app.storage import clocks, feedback, messages
from app.storage.server_keys import LINKS, key_of

BASE_URL = "http://127.0.0.1:8080"
INTENTS = {
    "demo_request": 0.1,
    "pricing": 0.93,
    "support": 0.02,
    "churn_risk": 0.01,
    "other": 0.02,
}
SAID = {"model_version": "test-1", "intents": INTENTS, "labels": ["pricing"], "language": "en"}
DECIDED = {"route": "sales", "rule": "pricing", "reasons": [], "endpoints": []}


def a_rule(name, *intents, route):
    return Rule(
        name=name,
        intents=dict.fromkeys(intents),
        route=route,
        endpoints=(),
        event_type="lead.detected",
    )


POLICY = Policy(
    rules=(
        a_rule("pricing", "pricing", route="sales"),
        a_rule("demo", "demo_request", route="sales"),
        a_rule("help", "support", route="support"),
        a_rule("late", route="night"),
    ),
    otherwise=a_rule("otherwise", route="inbox"),
    sha256="0" * 64,
    owners={"ana": Owner(id="ana", name="Ana Lima"), "ben": Owner(id="ben", name="Ben <Costa>")},
)


def with_people(api):
    """Let an API's policy be the one with owners."""
    intake = replace(api.app.state.services.intake, policy=lambda: POLICY)
    api.rebuild(intake=intake)
    return api


def store(database, *, clock=None, message=None):
    """Store a message that waits for Ana, or as its clock says; give its id."""
    message_id = new_id("msg", START)
    changes = {"owner": "ana", "message_id": message_id, "id": new_id("clk", START)}
    with database.write() as conn:
        written = a_message(id=message_id, **(message or {}))
        messages.add(conn, written, prediction=SAID, decision=DECIDED)
        if clock is not False:
            clocks.add(conn, a_clock(**{**changes, **(clock or {})}))
    return message_id


def links(database, message_id, *, owner="ana", expires_at=START + LIFE):
    """The paths of an alert's links."""
    key = key_of(database, LINKS, now=START)
    written = links_of("", key, message_id=message_id, owner=owner, expires_at=expires_at)
    return written


def the_clock_of(database, message_id):
    with database.read() as conn:
        return clocks.of_message(conn, message_id)


def feedback_of(database):
    """What was said of messages, oldest first, in short."""
    with database.read() as conn:
        found = feedback.listed(conn)
    return [(one.kind.value, one.labels, one.given_by) for one in reversed(found)]


def minutes(number):
    return timedelta(minutes=number)
