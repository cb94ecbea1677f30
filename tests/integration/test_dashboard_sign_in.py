import re
import time
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import APIRouter, Depends
from sqlalchemy import select, update
from starlette.requests import Request
from starlette.responses import JSONResponse
from support import race
from support_pages import running_pages

from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.forms import fields
from app.dashboard.inviting import LIFE
from app.dashboard.sessions import Viewer
from app.dashboard.wrong_links import MOST, WINDOW_S
from app.domain import Role
from app.domain.session import IDLE, LONGEST
from app.errors import StorageDown
from app.storage import sessions, tables

WRONG = "w" * 43
PUBLIC = "https://inlet.example.com"
COOKIE = re.compile(
    r"inlet_session=[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}; "
    r"HttpOnly; Max-Age=604800; Path=/; SameSite=lax"
)
router = APIRouter(route_class=PageRoute)


@router.get("/look")
async def look(viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))]):
    return JSONResponse({"name": viewer.name, "role": viewer.role, "csrf": viewer.csrf})


@router.get("/administer")
async def administer(viewer: Annotated[Viewer, Depends(Needs(Role.ADMIN))]):
    return JSONResponse({"name": viewer.name})


@router.post("/change")
async def change(request: Request, viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))]):
    return JSONResponse({"by": viewer.name, "text": (await fields(request)).get("text")})


@router.post("/set")
async def set_up(viewer: Annotated[Viewer, Depends(Needs(Role.ADMIN))]):
    return JSONResponse({"by": viewer.name})


@pytest.fixture
def pages(database, clock, tmp_path):
    with running_pages(database, clock, data_dir=tmp_path) as pages:
        pages.api.app.include_router(router)
        yield pages


@pytest.fixture
def public_pages(database, clock, tmp_path):
    with running_pages(database, clock, data_dir=tmp_path, public_url=PUBLIC) as pages:
        pages.api.app.include_router(router)
        yield pages


@pytest.fixture
def browser(pages):
    return pages.browser()


def session_rows(database):
    with database.read() as conn:
        return conn.execute(select(tables.sessions)).all()


def who(browser):
    """Whom our pages take a browser for."""
    answer = browser.get("/look")
    return answer.json()["name"] if answer.status_code == 200 else None


def back_to(answer):
    """The page that a sign-in leads back to."""
    target = urlsplit(answer.headers["location"])
    return target.path, parse_qs(target.query).get("next", [None])[0]


# the link


def test_looking_at_a_link_uses_nothing_up(database, pages, browser):
    path = f"/login?link={pages.link()}"

    looks = [browser.request(method, path) for method in ("GET", "HEAD", "GET")]

    assert [look.status_code for look in looks] == [200] * 3
    assert "Sign in as Ana" in looks[2].text
    assert (session_rows(database), browser.cookies) == ([], {})


def test_a_link_signs_in_whom_it_is_for(pages, browser):
    answer = browser.post("/login", data={"link": pages.link(name="Ben", role="viewer")})

    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert COOKIE.fullmatch(answer.headers["set-cookie"])
    assert answer.headers["cache-control"] == "no-store"
    assert browser.get("/look").json()["role"] == "viewer"
    assert who(browser) == "Ben"


def test_a_link_is_pasted_whole_or_as_its_token(pages):
    whole = f"  https://inlet.example.com/login?link={pages.link()}\n"

    answers = [pages.browser().post("/login", data={"link": one}) for one in (whole, pages.link())]

    assert [answer.status_code for answer in answers] == [303, 303]


def test_a_link_works_once(pages):
    link = pages.link()
    first, second = pages.browser(), pages.browser()
    first.post("/login", data={"link": link})

    again = second.post("/login", data={"link": link})

    assert (again.status_code, who(first), who(second)) == (403, "Ana", None)
    assert "set-cookie" not in again.headers
    assert "This link opens nothing" in again.text
    assert "This link opens nothing" in second.get(f"/login?link={link}").text


def test_of_eight_browsers_with_one_link_one_is_signed_in(database, pages):
    link = pages.link()
    browsers = [pages.browser() for _ in range(8)]

    answers = race(8, lambda n: browsers[n].post("/login", data={"link": link}))

    assert sorted(answer.status_code for answer in answers) == [303] + [403] * 7
    assert len(session_rows(database)) == 1


def test_a_link_works_for_fifteen_minutes(pages, browser, clock):
    early, late = pages.link(), pages.link()
    clock.advance(LIFE.total_seconds() - 1)
    in_time = browser.post("/login", data={"link": early})
    clock.advance(1)

    answer = pages.browser().post("/login", data={"link": late})

    assert (in_time.status_code, answer.status_code) == (303, 403)


@pytest.mark.parametrize("link", ["", WRONG, "x", "w" * 44, "é" * 43, "<script>", "a" * 5_000])
def test_what_is_no_link_signs_nobody_in(database, browser, link):
    looked, sent = (
        browser.get("/login", params={"link": link}),
        browser.post("/login", data={"link": link}),
    )

    assert (looked.status_code, sent.status_code) == (403, 403)
    assert "<script>" not in looked.text + sent.text
    assert session_rows(database) == []


def test_a_sign_in_leads_back_to_the_page_that_was_asked_for(pages, browser):
    shown = browser.get("/login", params={"link": pages.link(), "next": "/numbers?days=7"})

    answer = browser.post("/login", data={"link": pages.link(), "next": "/numbers?days=7"})

    assert '<input type="hidden" name="next" value="/numbers?days=7">' in shown.text
    assert answer.headers["location"] == "/numbers?days=7"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_sign_in_leads_nowhere_else(pages, browser, path):
    shown = browser.get("/login", params={"link": pages.link(), "next": path})

    answer = browser.post("/login", data={"link": pages.link(), "next": path})

    assert answer.headers["location"] == "/inbox"
    assert 'name="next"' not in shown.text


def test_a_second_sign_in_ends_the_first(database, pages):
    browser = pages.browser("viewer", name="Ben")
    before = pages.browser()
    before.cookies.update(browser.cookies)

    browser.cookies.delete("inlet_session", domain="127.0.0.1")
    answer = before.post("/login", data={"link": pages.link(name="Ana")})

    assert answer.status_code == 303
    assert sorted(row.ended_at is None for row in session_rows(database)) == [False, True]


def test_more_than_a_link_is_not_read(browser):
    answer = browser.post("/login", data={"link": WRONG, "more": "x" * 10_000})

    assert answer.status_code == 413


def test_who_is_signed_in_is_led_on(pages):
    answer = pages.browser("viewer").get("/login?next=/numbers")

    assert (answer.status_code, answer.headers["location"]) == (303, "/numbers")


def test_another_sites_page_cannot_sign_anybody_in(database, pages, browser):
    link = pages.link()

    answers = [
        browser.post("/login", data={"link": link}, headers=headers)
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
        )
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert session_rows(database) == []


@pytest.mark.parametrize(
    ("fetch_site", "at_once"), [("none", True), ("cross-site", False), (None, False)]
)
def test_only_a_link_that_a_person_opened_is_followed_without_a_click(
    pages, browser, fetch_site, at_once
):
    headers = {"sec-fetch-site": fetch_site} if fetch_site else {}

    shown = browser.get(f"/login?link={pages.link()}", headers=headers)

    assert ("data-at-once" in shown.text, "/static/login." in shown.text) == (at_once, at_once)


# too many wrong links


def test_after_many_wrong_links_even_a_right_one_waits(pages, browser):
    for _ in range(MOST):
        browser.post("/login", data={"link": WRONG})

    answers = [
        browser.post("/login", data={"link": pages.link()}),
        browser.get(f"/login?link={pages.link()}"),
    ]

    for answer in answers:
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
        assert "Too many wrong links" in answer.text


def test_another_browser_behind_the_same_proxy_need_not_wait(pages, browser):
    for _ in range(MOST + 1):
        browser.post("/login", data={"link": WRONG}, headers={"x-forwarded-for": "203.0.113.7"})

    answer = browser.post(
        "/login", data={"link": pages.link()}, headers={"x-forwarded-for": "203.0.113.8"}
    )

    assert answer.status_code == 303


# the session


def test_a_page_without_a_session_leads_to_the_sign_in_and_back(browser):
    answer = browser.get("/look?a=b&c=/d")

    assert (answer.status_code, answer.text) == (303, "")
    assert back_to(answer) == ("/login", "/look?a=b&c=/d")
    assert answer.headers["cache-control"] == "no-store"


def test_a_fragment_without_a_session_makes_the_whole_page_sign_in(browser):
    headers = {"hx-request": "true", "hx-current-url": "http://127.0.0.1:8080/inbox?route=sales"}

    answer = browser.get("/look", headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="inlet"')
    assert answer.headers["hx-redirect"] == "/login?next=%2Finbox%3Froute%3Dsales"


def test_a_stream_without_a_session_is_refused(browser):
    answer = browser.get("/look", headers={"accept": "text/event-stream"})

    assert (answer.status_code, "location" in answer.headers) == (401, False)


def test_a_form_without_a_session_leads_to_the_sign_in(browser):
    answer = browser.post("/change", data={"text": "a"})

    assert (answer.status_code, back_to(answer)) == (303, ("/login", None))


@pytest.mark.parametrize(
    "forge",
    [
        lambda cookie: "",
        lambda cookie: "A" * 43 + cookie[43:],
        lambda cookie: cookie[:-1] + ("A" if cookie[-1] != "A" else "B"),
        lambda cookie: cookie.partition(".")[0],
    ],
    ids=["empty", "another secret", "another signature", "no signature"],
)
def test_a_forged_cookie_signs_nobody_in(pages, browser, forge):
    cookie = pages.sessions.begin(name="Ana", role=Role.ADMIN)

    browser.cookies.set("inlet_session", forge(cookie))

    assert who(browser) is None


def test_a_session_is_over_after_half_a_day_without_a_request(pages, clock):
    browser = pages.browser("viewer")
    clock.advance(IDLE.total_seconds() - 1)
    before = who(browser)
    clock.advance(IDLE.total_seconds())

    assert (before, who(browser)) == ("Ana", None)


def test_a_session_that_is_used_is_over_after_a_week(pages, clock):
    browser = pages.browser("viewer")
    seen = []
    for _ in range(int(LONGEST / timedelta(hours=8))):
        seen.append(who(browser))
        clock.advance(8 * 3600)

    assert (set(seen), who(browser)) == ({"Ana"}, None)


def test_looking_at_pages_is_noted_now_and_then(database, pages, clock):
    browser = pages.browser("viewer")
    began = session_rows(database)
    who(browser)
    unchanged = session_rows(database)
    clock.advance(sessions.TOUCH_EVERY.total_seconds())

    who(browser)

    assert unchanged == began
    assert session_rows(database)[0].seen_at == clock()


def test_a_note_that_fails_keeps_nobody_from_their_page(pages, clock, monkeypatch):
    browser = pages.browser("viewer")
    clock.advance(sessions.TOUCH_EVERY.total_seconds())

    def down(**waiting):
        raise StorageDown("no")

    monkeypatch.setattr(pages.api.database, "write", down)

    assert who(browser) == "Ana"


def test_whoever_reads_a_page_does_not_wait_for_a_writer(database, pages, clock):
    browser = pages.browser("viewer")
    clock.advance(sessions.TOUCH_EVERY.total_seconds())

    with database.write():  # by another thread than the one that serves the page
        began_s = time.monotonic()
        name, took_s = who(browser), time.monotonic() - began_s

    assert (name, took_s < 5) == ("Ana", True)  # another writer is waited for for ten seconds


def test_a_session_that_was_ended_elsewhere_is_over_at_once(database, pages, clock):
    browser = pages.browser("viewer")
    before = who(browser)
    with database.write() as conn:
        sessions.end_all(conn, clock())

    assert (before, who(browser)) == ("Ana", None)


def test_a_role_that_was_taken_back_is_lost_at_once(database, pages):
    browser = pages.browser("admin")
    with database.write() as conn:
        conn.execute(update(tables.sessions).values(role=Role.VIEWER))

    assert browser.get("/administer").status_code == 403


def test_signing_out_ends_the_session(pages):
    browser = pages.browser("viewer")
    stolen = pages.browser()
    stolen.cookies.update(browser.cookies)
    csrf = pages.csrf_of(browser)

    answer = browser.post("/logout", data={"csrf": csrf})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?told=told.signed_out")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert who(stolen) is None


def test_nobody_is_signed_out_by_another_page(pages):
    browser = pages.browser("viewer")

    answers = [browser.post("/logout"), browser.get("/logout")]

    assert [answer.status_code for answer in answers] == [403, 405]
    assert who(browser) == "Ana"


# roles and forms


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("viewer", (200, 403, 403, 403)), ("agent", (200, 403, 200, 403)), ("admin", (200,) * 4)],
)
def test_each_role_may_do_its_own(pages, role, statuses):
    browser = pages.browser(role)
    headers = {"x-csrf-token": pages.csrf_of(browser)}

    answers = (
        browser.get("/look"),
        browser.get("/administer"),
        browser.post("/change", headers=headers),
        browser.post("/set", headers=headers),
    )

    assert tuple(answer.status_code for answer in answers) == statuses


def test_a_form_carries_its_token_as_a_field(pages):
    browser = pages.browser("agent")

    answer = browser.post("/change", data={"csrf": pages.csrf_of(browser), "text": "ä & b"})

    assert answer.json() == {"by": "Ana", "text": "ä & b"}


def test_a_form_without_its_own_sessions_token_changes_nothing(pages):
    browser, other = pages.browser("agent"), pages.browser("agent")
    foreign = pages.csrf_of(other)

    answers = [
        browser.post("/change"),
        browser.post("/change", data={"csrf": ""}),
        browser.post("/change", data={"csrf": foreign}),
        browser.post("/change", headers={"x-csrf-token": foreign}),
        browser.post("/change", params={"csrf": pages.csrf_of(browser)}),
        browser.post(
            "/change",
            data={"csrf": pages.csrf_of(browser)},
            headers={"x-csrf-token": foreign},
        ),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing_even_with_the_token(pages, headers):
    browser = pages.browser("admin")
    token = {"x-csrf-token": pages.csrf_of(browser)}

    assert browser.post("/change", headers=headers | token).status_code == 403


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"csrf=%ff", "application/x-www-form-urlencoded", 400),
        ("csrf=é".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=b"] * 300), "application/x-www-form-urlencoded", 400),
        (b"csrf=a", "multipart/form-data; boundary=x", 415),
        (b'{"csrf": "a"}', "application/json", 415),
        (b"a" * 2_000_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(pages, content, content_type, status):
    answer = pages.browser("agent").post(
        "/change", content=content, headers={"content-type": content_type}
    )

    assert answer.status_code == status


# https


def test_by_https_the_cookie_travels_by_https_alone(public_pages):
    browser = public_pages.browser(base_url=PUBLIC)

    answer = browser.post("/login", data={"link": public_pages.link()})

    assert answer.headers["set-cookie"].startswith("__Host-inlet_session=")
    assert answer.headers["set-cookie"].endswith("; Path=/; SameSite=lax; Secure")
    assert who(browser) == "Ana"


@pytest.mark.parametrize(
    ("base_url", "headers"),
    [
        ("http://inlet.example.com", {"origin": PUBLIC}),
        ("http://10.0.0.7:8080", {"origin": PUBLIC, "x-forwarded-proto": "https"}),
    ],
)
def test_a_proxy_that_ends_https_is_known(public_pages, base_url, headers):
    browser = public_pages.browser(base_url=base_url)

    answer = browser.post("/login", data={"link": public_pages.link()}, headers=headers)

    assert answer.headers["set-cookie"].startswith("__Host-inlet_session=")
    assert answer.headers["set-cookie"].endswith("; Secure")


def test_beside_the_proxy_a_cookie_is_set_that_a_browser_keeps(public_pages):
    browser = public_pages.browser()

    answer = browser.post("/login", data={"link": public_pages.link()})

    assert COOKIE.fullmatch(answer.headers["set-cookie"])


# the page


def test_the_page_says_how_to_get_a_link_in_the_readers_language(browser):
    english, german = (
        browser.get("/login"),
        browser.get("/login", headers={"accept-language": "de"}),
    )

    assert "Inlet has no passwords" in english.text
    assert "Inlet hat keine Passwörter" in german.text
    assert "inlet login" in english.text


def test_a_hostile_name_is_shown_as_it_is(pages, browser):
    link = pages.link(name="<script>alert(1)</script>\"'&")

    shown = browser.get(f"/login?link={link}")

    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in shown.text


def test_nothing_about_a_sign_in_is_logged_but_ids(pages, browser, capsys, caplog):
    link = pages.link(name="Ada Lovelace")
    browser.post("/login", data={"link": link})
    browser.post("/login", data={"link": link})
    browser.get(f"/login?link={link}")
    who(browser)

    written = capsys.readouterr()
    told = written.out + written.err + caplog.text

    assert "signed_in" in told
    assert [
        secret for secret in (link, "Ada", browser.cookies["inlet_session"]) if secret in told
    ] == []
