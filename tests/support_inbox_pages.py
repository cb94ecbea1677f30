"""The inbox as people see it: messages that came in by the API, and owners who may have them."""

import re
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage

from support import an_endpoint
from support_clocks import a_policy
from support_gallery import Page
from support_pages import running_pages

from app.routing.owners import Owner
from app.storage import clocks, endpoints, inbox

HOSTILE = """<script>window.hit=1</script>"'><img src=x onerror=window.hit=1>&amp;{{ 7*7 }}"""
MAIL = "What is the price?\n\nOn Mon, Nov 23, 2026 at 9:00 Bo <bo@x.example> wrote:\n> Seats: 20\n"
OWNERS = {
    "ana": Owner(id="ana", name="Ana Lima", email="ana@inlet.example"),
    "ben": Owner(id="ben", name="Ben <Costa>"),
    "eve": Owner(id="eve", name="Eve"),
}


@contextmanager
def running_inbox(database, clock, tmp_path):
    """The application with its pages, and a policy with owners."""
    with running_pages(database, clock, data_dir=tmp_path) as pages:
        yield with_owners(pages)


def with_owners(pages, **changes):
    """Let the policy have owners, and a rule that gives pricing a clock; sent to whom it names."""
    policy = a_policy(owners=OWNERS, **changes)
    services = pages.api.app.state.services
    intake = replace(services.intake, policy=lambda: policy)
    pages.api.app.state.services = replace(services, intake=intake)
    return pages


def arrive(pages, text="What is the price?", **changes):
    """Let a message come in by the API; gives its id."""
    sent = {"text": text, "sender": {"email": "ada@example.com", "name": "Ada"}, **changes}
    answer = pages.api.client().post("/v1/messages", json=sent)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def mailed(pages, *, text=MAIL, file_name="offer.pdf"):
    """Let a raw mail with a file come in and be read; gives its id."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada <ada@example.com>", "us@inlet.example", "Hi"
    mail.set_content(text)
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=file_name)
    sent = {"content": mail.as_bytes(), "headers": {"Content-Type": "message/rfc822"}}
    answer = pages.api.client().post("/v1/inbound/email", **sent)
    assert answer.status_code < 300, answer.text
    pages.api.read_arrivals()
    with pages.api.database.read() as conn:
        return inbox.page(conn, inbox.Filters())[0].message_id


def hear(pages, name="sales"):
    """Add an endpoint that the policy's rule tells."""
    with pages.api.database.write() as conn:
        endpoints.add(conn, an_endpoint(id=f"ep_{name}", name=name))


def words_of(answer):
    """What a page says, without its markup."""
    return " ".join(" ".join(Page(answer.text).text).split())


def row_of(pages, message_id):
    with pages.api.database.read() as conn:
        return inbox.find(conn, message_id)


def clock_of(pages, message_id):
    with pages.api.database.read() as conn:
        return clocks.of_message(conn, message_id)


def standing(pages, message_id):
    """Where a message stands, whose it is, and who settled it."""
    row = row_of(pages, message_id)
    return row.state.value, row.owner, row.settled_by


def listed(answer):
    """The messages of a page or fragment, by their ids, in their order."""
    return re.findall(r'<li class="row message-row" id="m-(msg_\w+)"', answer.text)


def posted(pages, browser, path, *, htmx=False, **form):
    """Send a form as the page does, with its proof."""
    headers = {"HX-Request": "true"} if htmx else {}
    return browser.post(path, data={"csrf": pages.csrf_of(browser), **form}, headers=headers)
