"""Every page by axe-core, light and dark, on a desk and on a phone: nothing is found."""

import shutil
from dataclasses import dataclass

import pytest
from support import Clock, a_delivery, an_attempt, an_endpoint
from support_axe import axe, found_by_axe
from support_browser import Browser, served
from support_inbox_pages import arrive, mailed, posted, with_owners
from support_looks import LOOKS
from support_outbox import DEAD, DELIVERED
from support_pages import Pages, running_pages

from app.domain import new_id
from app.storage import endpoints, outbox
from app.storage.engine import open_database, sqlite_url
from models.registry import SHIPPED

DAY_S = 86_400
SALES, LEADS = "ep_01KB0000000000000000000001", "ep_01KB0000000000000000000002"
ANSWERED = {"status_code": 500, "body_excerpt": "<h1>Out of order</h1>"}
SIGNED = """We need a price for 20 seats by Friday.

--
Ada Lovelace
Head of Engines
Example Ltd
+44 20 7946 0000

On Mon, Nov 23, 2026 at 9:00 Bo <bo@x.example> wrote:
> How many seats?
"""
PATHS = {
    "inbox": "/inbox",
    "search": "/inbox?q=price",
    "nothing found": "/inbox?q=nowhere&state=done",
    "message": "/messages/{message}",
    "message of a chat": "/messages/{chat}",
    "deliveries": "/deliveries",
    "dead letters": "/deliveries?status=dead",
    "delivery": "/deliveries/{delivery}",
    "contact": "/contacts/ada@example.com",
    "account": "/accounts/example.com",
    "numbers": "/numbers",
    "model": "/model",
    "policy": "/settings",
    "endpoints": "/settings/endpoints",
    "owners": "/settings/owners",
    "people": "/settings/people",
    "keys": "/settings/keys",
    "system": "/settings/system",
    "error": "/messages/nothing",
    "link": "/login?link={link}",
}
# The cookie of the sign-in is that of 127.0.0.1, so that nobody is signed in under this name.
SIGNED_OUT = {"login": "/login", "wrong link": "/login?link=wrong"}
OPEN_ALL = "for (const one of document.querySelectorAll('main details')) one.open = true"
OPEN_MENU = "document.querySelector('.menu').open = true"
DRAWN = "document.querySelectorAll('figure[data-chart]:not(:has(canvas))').length"

by_looks = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)


@dataclass(frozen=True)
class Site:
    """A service that people have worked with, and where its pages are."""

    pages: Pages
    url: str
    ids: dict

    def address(self, name):
        if name in SIGNED_OUT:
            return self.url.replace("127.0.0.1", "localhost") + SIGNED_OUT[name]
        link = self.pages.link() if name == "link" else ""
        return self.url + PATHS[name].format(link=link, **self.ids)


@pytest.fixture(scope="module")
def site(migrated_sqlite_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    database = open_database(sqlite_url(shutil.copy(migrated_sqlite_file, folder / "inlet.db")))
    clock, given = Clock(), {"data_dir": folder, "artifacts": versions_in(folder / "artifacts")}
    with running_pages(database, clock, **given) as pages:
        ids = furnish(with_owners(pages), clock)
        with served(pages.api.app) as url:
            yield Site(pages, url, ids)
            pages.api.app.state.is_stopping = lambda: True
    database.close()


def versions_in(root):
    """A registry of two versions that can go live, and one that cannot be read."""
    for version in ("first", "second"):
        (root / version).mkdir(parents=True)
        for file in (SHIPPED / "default").iterdir():
            (root / version / file.name).symlink_to(file)
    (root / "spoilt").mkdir()
    (root / "spoilt" / "manifest.json").write_text("{}")
    (root / "CURRENT").write_text("first\n")
    return root


def furnish(pages, clock):
    """Let days pass: messages in every state, taken and corrected, delivered and not."""
    with pages.api.database.write() as conn:
        endpoints.add(conn, an_endpoint(id=SALES, name="sales"))
        endpoints.add(conn, an_endpoint(id=LEADS, name="leads", paused=True))
    late = arrive(pages, "What is the price of twenty seats?", subject="Late")
    clock.advance(DAY_S)
    agent = pages.browser("agent", name="Ben <Costa>")
    taken, wrong = arrive(pages, "A demo, please"), arrive(pages, "What is the price?")
    posted(pages, agent, f"/messages/{taken}/take")
    posted(pages, agent, f"/messages/{wrong}/correct", label="support")
    done = arrive(pages, "Nothing to read here", sender={})
    posted(pages, agent, f"/messages/{done}/done")
    clock.advance(DAY_S)
    message, chat = mailed(pages, text=SIGNED), arrive(pages, "The price?", channel="chat")
    delivery = deliver(pages, late, clock())
    clock.advance(60)
    return {"message": message, "chat": chat, "delivery": delivery}


def deliver(pages, message_id, now):
    """Keep a delivery that arrived, and one that died after ten attempts; gives the dead one."""
    arrived, dead = new_id("dlv", now), new_id("dlv", now)
    given = {"message_id": message_id, "endpoint_id": SALES}
    with pages.api.database.write() as conn:
        outbox.enqueue(conn, a_delivery(id=arrived, attempts=1, status=DELIVERED, **given))
        outbox.enqueue(conn, a_delivery(id=dead, attempts=10, status=DEAD, **given))
        outbox.record(conn, an_attempt(delivery_id=arrived), status=DELIVERED)
        outbox.record(conn, an_attempt(10, delivery_id=dead, **ANSWERED), status=DEAD)
    return dead


@pytest.fixture(scope="module")
def script():
    return axe()


@pytest.fixture(scope="module")
def browser(site, tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.open(f"{site.url}/login?link={site.pages.link(name='Ana', role='admin')}")
        browser.click("form[action='/login'] button")
        browser.until("location.pathname", "/inbox")
        yield browser


def look_at(browser, address, look):
    """Go to a page and wait until all of it is there; what came before has no part in it."""
    browser.look_as(look)
    browser.value_of("window.before = true")
    browser.open(address)
    browser.until("[window.before, document.readyState].join()", ",complete")
    browser.until("document.documentElement.className", "js")
    browser.until(DRAWN, 0)


@by_looks
@pytest.mark.parametrize("name", [*PATHS, *SIGNED_OUT])
def test_nothing_is_found_on_a_page_nor_in_what_it_folds_away(browser, site, script, name, look):
    look_at(browser, site.address(name), look)
    as_it_comes = found_by_axe(browser, script)
    browser.value_of(OPEN_ALL)

    assert as_it_comes == []
    assert found_by_axe(browser, script) == []


@by_looks
@pytest.mark.parametrize("name", ["inbox", "login"])
def test_nothing_is_found_in_the_menu(browser, site, script, name, look):
    look_at(browser, site.address(name), look)
    browser.value_of(OPEN_MENU)

    assert found_by_axe(browser, script, within="header.top") == []


@by_looks
def test_nothing_is_found_in_the_help_on_keys(browser, site, script, look):
    look_at(browser, site.address("inbox"), look)
    browser.press("?")
    browser.until("document.querySelector('#keys').open", True)

    assert found_by_axe(browser, script) == []


@by_looks
def test_nothing_is_found_in_what_the_model_says_of_a_text(browser, site, script, look):
    look_at(browser, site.address("model"), look)
    browser.value_of("document.querySelector('#f-text').value = 'What is the price of 20 seats?'")
    browser.click("form[action='/model/try'] button")
    browser.until("document.querySelectorAll('#tried h3').length > 0", True)

    assert found_by_axe(browser, script) == []


def test_axe_would_find_what_is_wrong(browser, site, script):
    look_at(browser, site.address("inbox"), LOOKS[0])
    browser.value_of("document.querySelector('#main').append(document.createElement('img'))")

    (found,) = found_by_axe(browser, script)
    assert found.startswith("critical image-alt: img: ")
