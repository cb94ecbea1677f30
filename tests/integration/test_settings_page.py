"""The settings over the real application: who may see and change what, and what is shown once."""

import hashlib
import os
import re
from datetime import timedelta

import pytest
from support import START
from support_gallery import Page
from support_inbox_pages import HOSTILE, arrive, hear, posted, with_owners, words_of
from support_pages import running_pages

from app.api.auth import digest_of
from app.dashboard.policy_file import MOST_KEPT, read_text, write_text
from app.domain import new_id
from app.errors import Refused
from app.storage import endpoints, keys, sessions

POLICY = """\
version: 1
rules:
  - name: pricing
    intents: {pricing: model}
    route: sales
    endpoints: []
    event: lead.detected
otherwise:
  route: inbox
  endpoints: []
  event: message.routed
"""
SUPPORT = POLICY.replace("route: sales", "route: support")
TWICE = SUPPORT.replace(
    "otherwise:",
    """\
  - name: again
    intents: {pricing: model}
    route: success
    endpoints: [elsewhere]
    event: lead.detected
otherwise:""",
)
OPEN_PAGES = ("/settings", "/settings/endpoints", "/settings/owners")
ADMIN_PAGES = ("/settings/keys", "/settings/people", "/settings/system")
EP, KEY, SES = (new_id(prefix, START) for prefix in ("ep", "key", "ses"))
DEEDS = (
    "/settings/policy",
    "/settings/endpoints/add",
    f"/settings/endpoints/{EP}/rotate",
    f"/settings/endpoints/{EP}/disable",
    f"/settings/endpoints/{EP}/enable",
    "/settings/keys/add",
    f"/settings/keys/{KEY}/revoke",
    f"/settings/people/{SES}/end",
    "/settings/people/invite",
)
FORM = {
    "text": SUPPORT,
    "deed": "save",
    "name": "new",
    "url": "https://hooks.example.com/x",
    "format": "webhook",
    "id": KEY,
    "scope": "classify",
    "role": "admin",
}


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


@pytest.fixture
def pages(database, clock, tmp_path, file):
    with running_pages(database, clock, data_dir=tmp_path, policy=file) as pages:
        yield with_owners(pages)


@pytest.fixture
def admin(pages):
    return pages.browser("admin")


def kept(pages):
    """What the settings change, all of it."""
    with pages.api.database.read() as conn:
        return (
            endpoints.all_endpoints(conn),
            keys.all_keys(conn),
            {one.id for one in sessions.holding(conn, START)},
        )


def sent(pages, browser, **form):
    """Send the policy's form as the page has it."""
    base = hashlib.sha256(form.pop("base", POLICY).encode()).hexdigest()
    return posted(pages, browser, "/settings/policy", base=base, **form)


def beside(file):
    """The texts from before, the oldest first."""
    return [one.read_text() for one in sorted(file.parent.glob("policy.yaml.before-*"))]


# who may look, and who may change something


@pytest.mark.parametrize("path", [*OPEN_PAGES, *ADMIN_PAGES])
def test_whoever_is_not_signed_in_sees_no_setting(pages, path):
    answer = pages.browser().get(path)

    assert (answer.status_code, answer.text) == (303, "")


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_who_is_no_admin_sees_some_settings_and_no_way_to_change_them(pages, role):
    browser = pages.browser(role)

    shown = [browser.get(path) for path in OPEN_PAGES]
    hidden = [browser.get(path).status_code for path in ADMIN_PAGES]

    assert ([one.status_code for one in shown], hidden) == ([200] * 3, [403] * 3)
    for one in shown:
        actions = {form.get("action") for form in Page(one.text).every("form")}
        assert actions == {"/language", "/logout", None}
        assert not [a for a in Page(one.text).every("a") if a.get("href") in ADMIN_PAGES]


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_only_an_admin_changes_a_setting(pages, file, role):
    browser = pages.browser(role)
    before = kept(pages)

    answers = [posted(pages, browser, deed, **FORM) for deed in DEEDS]

    assert [answer.status_code for answer in answers] == [403] * len(DEEDS)
    assert (kept(pages), file.read_text()) == (before, POLICY)


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}])
def test_a_form_that_is_not_ours_changes_nothing(pages, admin, file, headers):
    before = kept(pages)
    proof = {"csrf": pages.csrf_of(admin)} if headers else {}

    answers = [admin.post(deed, data={**FORM, **proof}, headers=headers) for deed in DEEDS]

    assert [answer.status_code for answer in answers] == [403] * len(DEEDS)
    assert (kept(pages), file.read_text()) == (before, POLICY)


@pytest.mark.parametrize("path", [*OPEN_PAGES, *ADMIN_PAGES])
def test_every_part_is_whole_and_leads_to_the_others(admin, path):
    answer = admin.get(path)

    page = Page(answer.text)
    assert (answer.status_code, page.unclosed) == (200, [])
    assert {*OPEN_PAGES, *ADMIN_PAGES} <= {a["href"] for a in page.every("a")}
    assert [a["href"] for a in page.every("a") if a.get("aria-current") == "true"] == [path]


# the policy


def test_the_policy_is_shown_as_it_stands_in_its_file(pages, admin):
    assert POLICY.strip() in "".join(Page(admin.get("/settings").text).text)
    assert POLICY.strip() in "".join(Page(pages.browser("viewer").get("/settings").text).text)


def test_a_text_is_looked_over_before_it_is_saved(pages, admin, file):
    hear(pages)

    answer = sent(pages, admin, text=TWICE, deed="check")

    said = words_of(answer)
    assert answer.status_code == 200
    assert "Error Line 8" in said
    assert "'pricing' asks for the same" in said or "'again' asks for the same" in said
    assert "there is no endpoint 'elsewhere': known are sales" in said
    assert file.read_text() == POLICY


def test_a_text_that_is_no_policy_is_refused_with_its_line_and_stays_in_the_form(
    pages, admin, file
):
    text = POLICY.replace("intents:", "intent:")

    answers = [sent(pages, admin, text=text, deed=deed) for deed in ("check", "simulate", "save")]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert all("policy.yaml:4: unknown key" in words_of(answer) for answer in answers)
    assert all("intent: {pricing: model}" in answer.text for answer in answers)
    assert file.read_text() == POLICY


def test_what_stored_messages_would_have_become_is_shown(pages, admin, file):
    same = words_of(sent(pages, admin, text=POLICY, deed="simulate"))
    message_id = arrive(pages)
    arrive(pages, "Hello")

    other = words_of(sent(pages, admin, text=SUPPORT, deed="simulate"))

    assert "2 of 2 messages would be decided otherwise." in other
    assert message_id in other
    assert "Sales → Support" in other
    assert "Nothing would change." in same
    assert file.read_text() == POLICY


def test_a_saved_text_is_the_file_and_the_one_before_is_kept(pages, admin, file):
    file.chmod(0o640)

    answer = sent(pages, admin, text=SUPPORT.replace("\n", "\r\n"), deed="save")

    assert answer.headers["location"] == "/settings?told=told.saved"
    assert (file.read_text(), beside(file)) == (SUPPORT, [POLICY])
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(pages, admin, file):
    file.write_text(POLICY + "# mine\n")

    answer = sent(pages, admin, text=SUPPORT, deed="save")
    again = sent(pages, admin, text=SUPPORT, deed="save", base=POLICY + "# mine\n")

    assert answer.status_code == 422
    assert "Somebody else has changed it meanwhile." in answer.text
    assert hashlib.sha256((POLICY + "# mine\n").encode()).hexdigest() in answer.text
    assert again.status_code == 303
    assert (file.read_text(), beside(file)) == (SUPPORT, [POLICY + "# mine\n"])


def test_errors_are_saved_only_by_who_says_so(pages, admin, file):
    first = sent(pages, admin, text=TWICE, deed="save")
    unchanged = file.read_text()
    second = sent(pages, admin, text=TWICE, deed="save", anyway="1")

    assert (first.status_code, unchanged) == (200, POLICY)
    assert "Save it with these errors" in first.text
    assert (second.status_code, file.read_text()) == (303, TWICE)


def test_the_shipped_policy_cannot_be_changed(database, clock, tmp_path):
    with running_pages(database, clock, data_dir=tmp_path) as pages:
        admin = pages.browser("admin")
        shown = admin.get("/settings")
        answer = sent(pages, admin, text=SUPPORT, deed="save", anyway="1", base="")
        base = re.search(r'name="base" value="(\w+)"', shown.text)[1]
        csrf = pages.csrf_of(admin)
        form = {"csrf": csrf, "base": base, "text": POLICY, "deed": "save", "anyway": "1"}
        refused = admin.post("/settings/policy", data=form)

    assert "This is the shipped policy." in shown.text
    assert "Save and use" not in shown.text
    assert (answer.status_code, refused.status_code) == (422, 422)
    assert "set INLET_POLICY to a file of your own" in refused.text


def test_a_text_is_text_whatever_it_holds(pages, admin):
    answer = sent(pages, admin, text=f"</textarea>{HOSTILE}", deed="check")

    page = Page(answer.text)
    assert (answer.status_code, page.unclosed, page.every("img")) == (422, [], [])
    assert "<script>window" not in answer.text


def test_a_policy_behind_a_link_is_written_where_it_stands(tmp_path):
    file = tmp_path / "real" / "policy.yaml"
    file.parent.mkdir()
    file.write_text(POLICY)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)

    before = write_text(link, SUPPORT, now=START)

    assert (link.is_symlink(), file.read_text()) == (True, SUPPORT)
    assert (before.parent, before.read_text()) == (file.parent, POLICY)


def test_only_the_newest_texts_are_kept(tmp_path):
    file = tmp_path / "policy.yaml"
    other = tmp_path / "policy.yaml.before-me"
    other.write_text("mine")
    file.write_text("0")

    for number in range(1, MOST_KEPT + 3):
        write_text(file, str(number), now=START + timedelta(seconds=number))

    texts = [one for one in beside(file) if one != "mine"]
    assert texts == [str(number) for number in range(2, MOST_KEPT + 2)]
    assert other.read_text() == "mine"


def test_a_policy_that_cannot_be_written_stays_and_leaves_nothing_behind(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    (tmp_path / f".policy.yaml-{os.getpid()}").mkdir()  # in the way

    with pytest.raises(Refused, match="cannot be written"):
        write_text(file, SUPPORT, now=START)

    assert (file.read_text(), beside(file)) == (POLICY, [])


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_policy_that_cannot_be_read_is_told(tmp_path, content):
    file = tmp_path / "policy.yaml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Refused, match="cannot be read"):
        read_text(file)


# endpoints


def add_endpoint(pages, browser, **changes):
    form = {"name": "crm", "url": "https://hooks.example.com/x?key=canary", "format": "webhook"}
    return posted(pages, browser, "/settings/endpoints/add", **{**form, **changes})


def endpoint_of(pages, name="crm"):
    with pages.api.database.read() as conn:
        return endpoints.find(conn, name)


def test_a_secret_is_shown_once_and_the_address_never_whole(pages, admin):
    answer = add_endpoint(pages, admin)
    endpoint = endpoint_of(pages)
    later = admin.get("/settings/endpoints")

    assert answer.status_code == 200
    assert endpoint.secrets[0] in answer.text
    assert endpoint.secrets[0] not in later.text
    for page in (answer, later):
        assert "hooks.example.com" in page.text
        assert "canary" not in page.text


def test_what_a_format_keeps_secret_is_not_shown(pages, admin):
    answer = add_endpoint(
        pages, admin, format="hubspot", url="https://api.hubapi.com", options="token=canary-token"
    )
    later = admin.get("/settings/endpoints")

    assert answer.headers["location"] == "/settings/endpoints?told=told.added"
    assert endpoint_of(pages).options == {"token": "canary-token"}
    assert "token=***" in words_of(later)
    assert "canary" not in later.text
    assert endpoint_of(pages).secrets[0] not in later.text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": " "}, "the name is empty"),
        ({"name": "x\ty"}, "all can be printed"),
        ({"url": "ftp://canary.example/"}, ""),
        ({"url": "http://10.0.0.1/canary"}, ""),
        ({"format": "pigeon"}, "there is no such format"),
        ({"options": "canary"}, "an option needs key=value"),
        ({"options": "a=1\r\na=canary"}, "an option names one key twice"),
        ({"format": "hubspot", "options": "token=x\r\ncolour=canary"}, ""),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused_and_nothing_secret_comes_back(
    pages, admin, changes, problem
):
    answer = add_endpoint(pages, admin, **changes)

    assert answer.status_code == 422
    assert problem in words_of(answer)
    assert "canary" not in answer.text
    assert endpoint_of(pages) is None


def test_a_name_is_taken_once(pages, admin):
    add_endpoint(pages, admin)

    answer = add_endpoint(pages, admin)

    assert answer.status_code == 422
    assert "there is an endpoint of that name already" in answer.text


def test_a_changed_secret_is_shown_once_and_the_old_one_signs_for_a_day(pages, admin):
    add_endpoint(pages, admin)
    before = endpoint_of(pages)

    answer = posted(pages, admin, f"/settings/endpoints/{before.id}/rotate")

    after = endpoint_of(pages)
    assert after.secrets[0] in answer.text
    assert before.secrets[0] not in answer.text
    assert [(one.secret, one.until) for one in after.retired] == [
        (before.secrets[0], START + timedelta(hours=24))
    ]


def test_an_endpoint_is_disabled_and_enabled_again(pages, admin):
    add_endpoint(pages, admin)
    path = f"/settings/endpoints/{endpoint_of(pages).id}"

    told = [
        (posted(pages, admin, f"{path}/{deed}").headers["location"], endpoint_of(pages).enabled)
        for deed in ("disable", "disable", "enable")
    ]

    assert told == [
        ("/settings/endpoints?told=told.disabled", False),
        ("/settings/endpoints?told=told.nothing_changed", False),
        ("/settings/endpoints?told=told.enabled", True),
    ]


@pytest.mark.parametrize("deed", ["rotate", "disable", "enable"])
def test_there_is_nothing_to_change_about_an_endpoint_that_is_not_there(pages, admin, deed):
    answers = [posted(pages, admin, f"/settings/endpoints/{id}/{deed}") for id in (EP, "ep_1")]

    assert [answer.status_code for answer in answers] == [404, 404]


# keys


def make_key(pages, browser, **changes):
    form = {"id": KEY, "name": "gateway", "scope": "classify"}
    return posted(pages, browser, "/settings/keys/add", **{**form, **changes})


def keys_of(pages):
    with pages.api.database.read() as conn:
        return [
            (one.id, one.name, sorted(one.scopes), one.expires_at) for one in keys.all_keys(conn)
        ]


def test_a_key_is_shown_once_and_opens_what_its_scopes_say(pages, admin):
    answer = make_key(pages, admin, days="30")
    plaintext = re.search(r"inlet_[A-Za-z0-9_-]{43}", answer.text)[0]
    later = admin.get("/settings/keys")

    assert keys_of(pages) == [(KEY, "gateway", ["classify"], START + timedelta(days=30))]
    with pages.api.database.read() as conn:
        assert keys.by_sha256(conn, digest_of(plaintext)).id == KEY
    assert plaintext not in later.text
    assert plaintext[:12] in later.text


def test_a_form_that_is_sent_twice_makes_one_key(pages, admin):
    make_key(pages, admin)

    answer = make_key(pages, admin)

    assert answer.headers["location"] == "/settings/keys?told=told.nothing_changed"
    assert len(keys_of(pages)) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": ""}, 422),
        ({"scope": "everything"}, 422),
        ({"scope": ()}, 422),
        ({"days": "0"}, 422),
        ({"days": "-1"}, 422),
        ({"days": "9" * 30}, 422),
        ({"days": "x"}, 422),
        ({"id": "key_1"}, 404),
    ],
)
def test_a_key_that_cannot_be_is_refused(pages, admin, changes, status):
    answer = make_key(pages, admin, **changes)

    assert (answer.status_code, keys_of(pages)) == (status, [])


def test_a_revoked_key_stays_listed_as_such(pages, admin):
    make_key(pages, admin)

    told = [
        posted(pages, admin, f"/settings/keys/{KEY}/revoke").headers["location"] for _ in range(2)
    ]

    assert told == [
        "/settings/keys?told=told.revoked",
        "/settings/keys?told=told.nothing_changed",
    ]
    assert "gateway Revoked" in words_of(admin.get("/settings/keys"))


# people


def test_owners_are_listed_with_their_pools_and_how_they_stand(pages, admin):
    said = words_of(admin.get("/settings/owners"))

    for part in ("Ana Lima ana@inlet.example sales There now", "Ben <Costa> sales", "Eve leads"):
        assert part in said


def test_a_session_is_ended_at_once(pages, admin):
    other = pages.browser("agent", name="Eve")
    with pages.api.database.read() as conn:
        (eve,) = [one.id for one in sessions.holding(conn, START) if one.name == "Eve"]

    answer = posted(pages, admin, f"/settings/people/{eve}/end")

    assert answer.headers["location"] == "/settings/people?told=told.session_ended"
    assert other.get("/inbox").status_code == 303
    assert admin.get("/inbox").status_code == 200
    assert "Eve" not in words_of(admin.get("/settings/people"))


def test_a_link_signs_somebody_in_once_in_the_role_that_was_chosen(pages, admin):
    answer = posted(pages, admin, "/settings/people/invite", name="Eve", role="viewer")

    link = re.search(r"http://127\.0\.0\.1:8080/login\?link=([A-Za-z0-9_-]{43})", answer.text)
    signed_in = pages.sessions.viewer(pages.sessions.sign_in(link[1]))
    assert (signed_in.name, signed_in.role.value) == ("Eve", "viewer")
    assert link[1] not in admin.get("/settings/people").text


@pytest.mark.parametrize("form", [{"name": "", "role": "agent"}, {"name": "Eve", "role": "root"}])
def test_a_link_for_nobody_is_refused(pages, admin, form):
    answer = posted(pages, admin, "/settings/people/invite", **form)

    assert answer.status_code == 422
    assert "login?link=" not in answer.text


def test_names_are_text_whatever_they_hold(pages, admin):
    pages.browser("viewer", name=HOSTILE)
    make_key(pages, admin, name=HOSTILE)
    add_endpoint(pages, admin, name=HOSTILE)

    answers = [
        admin.get(path) for path in ("/settings/people", "/settings/keys", "/settings/endpoints")
    ]

    for answer in answers:
        page = Page(answer.text)
        assert (page.unclosed, page.every("img")) == ([], [])
        assert HOSTILE in "".join(page.text)
        assert "<script>window" not in answer.text


# the installation


def test_the_installation_is_told_without_its_secrets(pages, admin):
    said = words_of(admin.get("/settings/system"))

    for part in ("worker: running", "INLET_DATA_DIR", "by-word"):
        assert part in said
