"""The page of the model over the real application, and real versions on disk."""

import json
import shutil

import pytest
from support_gallery import Page
from support_inbox_pages import HOSTILE, posted, with_owners, words_of
from support_pages import running_pages

from models import registry
from models.registry import SHIPPED

PATHS = ("/model", "/model/versions/first/report.html")
DEEDS = ("/model/promote", "/model/rollback")
TEXT = "Hello there. What is the price of 20 seats? Thanks."


def linked(file, to):
    """Give a file a second name; on another disk, copy it."""
    try:
        to.hardlink_to(file)
    except OSError:
        shutil.copy(file, to)


@pytest.fixture
def root(tmp_path):
    """A registry with the versions `first`, live, `second`, and one that cannot be read."""
    root = tmp_path / "artifacts"
    for version in ("first", "second"):
        folder = root / version
        folder.mkdir(parents=True)
        for file in (SHIPPED / "default").iterdir():
            linked(file, folder / file.name)
    (root / "spoilt").mkdir()
    (root / "spoilt" / "manifest.json").write_text("{}")
    (root / "CURRENT").write_text("first\n")
    return root


@pytest.fixture
def pages(database, clock, tmp_path, root):
    with running_pages(database, clock, data_dir=tmp_path, artifacts=root) as pages:
        yield with_owners(pages)


def marks_of(answer):
    return [one["title"] for one in Page(answer.text).every("mark")]


# who may look, and who may change what is live


@pytest.mark.parametrize("path", PATHS)
def test_whoever_is_not_signed_in_sees_nothing_of_the_model(pages, path):
    answer = pages.browser().get(path)

    assert (answer.status_code, answer.text) == (303, "")


def test_a_viewer_sees_the_model_and_its_report_and_no_way_to_change_it(pages):
    browser = pages.browser("viewer")

    answers = [browser.get(path) for path in PATHS]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert {form.get("action") for form in Page(answers[0].text).every("form")} == {
        "/language",
        "/logout",
        "/model/try",
        None,
    }


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_only_an_admin_changes_which_version_is_live(pages, root, role):
    browser = pages.browser(role)

    answers = [posted(pages, browser, deed, version="second") for deed in DEEDS]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert registry.live_version(root) == "first"


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_that_is_not_ours_changes_nothing(pages, root, headers):
    browser = pages.browser("admin")
    form = {"version": "second", "text": TEXT}
    if headers:
        form["csrf"] = pages.csrf_of(browser)

    answers = [browser.post(deed, data=form, headers=headers) for deed in (*DEEDS, "/model/try")]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert registry.live_version(root) == "first"


# versions


def test_the_live_version_is_told_with_what_was_measured_of_it(pages, root):
    metrics = json.loads((root / "first" / "metrics.json").read_text())
    intents = metrics["heads"]["intents"]

    said = words_of(pages.browser("viewer").get("/model"))

    assert f"{intents['macro_f1']:.3f}" in said
    assert f"{metrics['rows']:,}" in said
    for part in ("first Live version", "second", "spoilt Unreadable", "multilingual-e5-small"):
        assert part in said


def test_it_is_said_that_another_version_still_answers(pages):
    said = words_of(pages.browser("viewer").get("/model"))

    assert "Messages are still read by the version by-word. Restart Inlet to use it." in said


def test_a_promoted_version_is_live_and_can_be_rolled_back(pages, root):
    admin = pages.browser("admin")

    promoted = posted(pages, admin, "/model/promote", version="second")
    told = admin.get(promoted.headers["location"])

    assert (promoted.status_code, registry.live_version(root)) == (303, "second")
    assert "Promoted: the next start uses it" in told.text
    assert "Roll back to first" in told.text
    again = posted(pages, admin, "/model/promote", version="second")
    back = posted(pages, admin, "/model/rollback")
    assert again.headers["location"] == "/model?told=told.nothing_changed"
    assert (back.headers["location"], registry.live_version(root)) == (
        "/model?told=told.rolled_back",
        "first",
    )


@pytest.mark.parametrize(
    ("version", "status"),
    [("third", 404), ("../artifacts/second", 404), ("", 404), ("spoilt", 422)],
)
def test_what_cannot_be_served_is_not_promoted(pages, root, version, status):
    answer = posted(pages, pages.browser("admin"), "/model/promote", version=version)

    assert (answer.status_code, registry.live_version(root)) == (status, "first")


def test_nothing_is_before_the_first_version(pages, root):
    answer = posted(pages, pages.browser("admin"), "/model/rollback")

    assert answer.status_code == 422
    assert "there is no earlier version to go back to" in answer.text


def test_a_page_is_shown_where_no_version_can_be_read(pages, root):
    for file in root.glob("*/*"):
        file.unlink()

    answer = pages.browser("viewer").get("/model")

    assert answer.status_code == 200
    assert "This version cannot be read." in answer.text


@pytest.mark.parametrize(
    "metrics",
    [
        *("", "[]", "{}", "[" * 100_000, '{"heads": {"intents": {"rows": "x"}}}'),
        '{"heads": {"intents": {"rows": 1e999, "macro_f1": 1}}}',
    ],
    ids=["empty", "list", "nothing", "deep", "text", "infinite"],
)
def test_figures_that_cannot_be_read_are_left_out(pages, root, metrics):
    (root / "first" / "metrics.json").unlink()
    (root / "first" / "metrics.json").write_text(metrics)

    answer = pages.browser("viewer").get("/model")

    assert answer.status_code == 200
    assert Page(answer.text).unclosed == []


# the report


def test_a_report_is_served_as_it_is_and_may_do_nothing(pages, root):
    answer = pages.browser("viewer").get("/model/versions/first/report.html")

    assert answer.text == (root / "first" / "report.html").read_text()
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox"
    )
    assert answer.headers["cache-control"] == "no-store"


def test_a_report_that_is_only_a_link_is_not_followed(pages, root, tmp_path):
    (tmp_path / "secret").write_text("canary")
    (root / "first" / "report.html").unlink()
    (root / "first" / "report.html").symlink_to(tmp_path / "secret")

    browser = pages.browser("admin")
    answers = [browser.get(path) for path in PATHS]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert "canary" not in answers[1].text


@pytest.mark.parametrize("version", ["third", "..", "%2e%2e", "..%2ffirst", "CURRENT", "spoilt"])
def test_there_is_no_report_of_what_is_no_version(pages, version):
    answer = pages.browser("viewer").get(f"/model/versions/{version}/report.html")

    assert answer.status_code == 404


# the box to try it


@pytest.mark.parametrize("role", ["viewer", "agent", "admin"])
def test_whoever_is_signed_in_may_try_a_text_and_nothing_is_kept(pages, role):
    answer = posted(pages, pages.browser(role), "/model/try", text=TEXT, subject="A question")

    said = words_of(answer)
    assert answer.status_code == 200
    for part in ("What it says", "Pricing 93%", "Sales", "What is the price of 20 seats?"):
        assert part in said
    assert marks_of(answer) == ["Evidence for Pricing"]
    assert pages.api.stored() == {"messages": 0, "deliveries": 0, "idempotency_keys": 0}


def test_htmx_gets_only_what_is_said(pages):
    answer = posted(pages, pages.browser("viewer"), "/model/try", htmx=True, text=TEXT)

    page = Page(answer.text)
    assert (answer.status_code, page.every("html"), page.unclosed) == (200, [], [])
    assert marks_of(answer) == ["Evidence for Pricing"]


def test_the_thresholds_of_the_channel_count(pages):
    mail = posted(pages, pages.browser("viewer"), "/model/try", text="Hello", channel="email")
    unsure = posted(pages, pages.browser("viewer"), "/model/try", text="Hello", channel="sms")

    assert ["Not sure" in words_of(answer) for answer in (mail, unsure)] == [True, False]


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"text": ""}, "Write a text first."),
        ({"text": " \r\n "}, "Write a text first."),
        ({"text": "x" * 100_001}, "text is longer than 100000 characters"),
        ({"text": "Hello", "channel": "fax"}, "the body does not fit the schema"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_and_stays_in_the_box(pages, form, problem):
    answer = posted(pages, pages.browser("viewer"), "/model/try", **form)

    assert answer.status_code == 422
    assert problem in answer.text
    assert "What it says" not in answer.text


def test_what_is_tried_is_text_whatever_it_holds(pages):
    form = {"text": f"{HOSTILE} price {HOSTILE}", "subject": HOSTILE}

    answers = [
        posted(pages, pages.browser("viewer"), "/model/try", htmx=htmx, **form)
        for htmx in (False, True)
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert Page(answer.text).unclosed == []
        assert Page(answer.text).every("img") == []
        assert "<script>window" not in answer.text


def test_a_label_is_given_without_its_sentence_where_the_model_has_no_time(pages):
    pages.api.app.state.explain_admission.running = 1_000

    answer = posted(pages, pages.browser("viewer"), "/model/try", text=TEXT)

    assert (answer.status_code, marks_of(answer)) == (200, [])
    assert "Pricing" in answer.text
