"""Every form of every page: who may not send it, and what of it may not be missing."""

import importlib
import pkgutil
import re
from contextlib import closing

import pytest
from support_pages import running_pages

from app import dashboard
from app.storage.engine import open_database, sqlite_url

SAFE = {"GET", "HEAD", "OPTIONS"}
OF_ANYBODY = {"/login", "/language"}  # begins a session; says in which language pages are read
OF_VIEWERS = {"/logout", "/model/try"}  # ends the viewer's own; keeps nothing
PREFIXES = {"messages": "msg", "deliveries": "dlv", "endpoints": "ep", "keys": "key"}
SECRET = ("/settings/keys", "/settings/people", "/settings/system")  # of an admin alone


def changes():
    """Where pages send their forms, each with an id that nothing has."""
    names = [one.name for one in pkgutil.iter_modules(dashboard.__path__)]
    modules = [importlib.import_module(f"app.dashboard.{name}") for name in names]
    routes = [route for one in modules if hasattr(one, "router") for route in one.router.routes]
    paths = {route.path for route in routes if route.methods - SAFE} - OF_ANYBODY
    return sorted(re.sub(r"(\w+)/\{id\}", of_nothing, path) for path in paths)


def of_nothing(found):
    return f"{found[1]}/{PREFIXES.get(found[1], 'ses')}_{'0' * 26}"


@pytest.fixture
def pages(sqlite_file, clock, tmp_path):
    with (
        closing(open_database(sqlite_url(sqlite_file))) as database,
        running_pages(database, clock, data_dir=tmp_path) as pages,
    ):
        yield pages


def sent(pages, browser, path, **headers):
    """Send a form, with its proof unless another is given."""
    proof = {"X-CSRF-Token": pages.csrf_of(browser)}
    return browser.post(path, headers=proof | headers)


@pytest.mark.parametrize("path", changes())
def test_a_form_is_refused_to_whoever_may_not_send_it(pages, path):
    nobody, viewer, admin = (pages.browser(role) for role in (None, "viewer", "admin"))
    proof_of_another = {"X-CSRF-Token": pages.csrf_of(viewer)}

    led_to = nobody.post(path).headers["location"]
    answers = [
        admin.post(path),
        sent(pages, admin, path, **proof_of_another),
        sent(pages, admin, path, **{"Sec-Fetch-Site": "same-site"}),
        sent(pages, admin, path, Origin="https://evil.example"),
        *([] if path in OF_VIEWERS else [sent(pages, viewer, path)]),
    ]

    assert led_to == "/login"
    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.parametrize("path", SECRET)
def test_what_only_admins_may_know_is_shown_to_nobody_else(pages, path):
    answers = [pages.browser(role).get(path) for role in ("viewer", "agent")]

    assert {answer.status_code for answer in answers} == {403}
    assert pages.browser("admin").get(path).status_code == 200
