import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError
from support_gallery import HOSTILE, Page, a_viewer, gallery

from app.dashboard.strings import LANGUAGES

TEMPLATES = [
    (entry.name, entry.read_text(encoding="utf-8"))
    for entry in (files("app.dashboard") / "templates").iterdir()
]
OURS = ("/static/app.", "/static/htmx.", "/static/uplot.", "/static/charts.")


@pytest.fixture(scope="module")
def page():
    return Page(gallery())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_page_can_be_made_in_every_language(language):
    page = Page(gallery(language))

    assert page.every("html") == [{"lang": language}]
    assert page.unclosed == []


def test_what_others_wrote_never_becomes_markup(page):
    scripts = [script.get("src", "inline") for script in page.every("script")]

    assert page.every("img") == []
    assert [script for script in scripts if not script.startswith(OURS)] == []
    assert "".join(page.text).count(HOSTILE) > 20


def test_nothing_is_inline_that_the_policy_forbids(page):
    attributes = {name for _, attrs in page.tags for name in attrs}

    assert [name for name in attributes if name.startswith(("on", "hx-on", "style"))] == []
    assert page.every("style") == []


@pytest.mark.parametrize(("name", "source"), TEMPLATES, ids=[name for name, _ in TEMPLATES])
def test_no_template_turns_escaping_off(name, source):
    assert (
        re.findall(r"\|\s*safe\b|autoescape|<script(?![^>]*\bsrc=)|\bstyle=|javascript:", source)
        == []
    )


def test_every_id_is_there_once(page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]

    assert sorted(ids) == sorted(set(ids))


def test_what_a_part_refers_to_is_there(page):
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    named = {
        attrs[name]
        for _, attrs in page.tags
        for name in ("for", "aria-labelledby", "aria-describedby")
        if name in attrs
    }

    assert named - ids == set()


def test_every_field_has_a_label(page):
    labelled = {label["for"] for label in page.every("label") if "for" in label}
    fields = [
        field
        for field in page.every("input", "select", "textarea")
        if field.get("type") not in ("hidden", "checkbox")
    ]

    assert [field for field in fields if field.get("id") not in labelled] == []
    assert len(fields) >= 6


def test_every_form_that_changes_something_proves_whose_it_is(page):
    posts = [form for form in page.every("form") if form.get("method") == "post"]
    proofs = [field for field in page.every("input") if field.get("name") == "csrf"]

    assert [form["action"] for form in posts][:1] == ["/language"]  # the one that needs none
    assert proofs == [{"type": "hidden", "name": "csrf", "value": "the-token"}] * (len(posts) - 1)


def test_a_viewer_who_may_change_nothing_sees_no_button_for_it():
    page = Page(gallery(viewer=a_viewer(role="viewer")))

    assert [form for form in page.every("form") if form.get("class") == "act"] == []


def test_who_is_not_signed_in_sees_no_way_to_go(page):
    outside = Page(
        gallery(template="error.html", viewer=None, csrf="", kind="404", detail="", reference="")
    )

    assert next(nav["aria-label"] for nav in page.every("nav")) == "Main"
    assert outside.every("nav", "dialog") == []
    assert outside.unclosed == []


def test_the_page_that_is_shown_is_marked_in_the_menu():
    current = {
        path: [
            a["href"]
            for a in Page(gallery(path=path)).every("a")
            if a.get("aria-current") == "page"
        ]
        for path in ("/inbox", "/messages/msg_1", "/contacts/a@b.c", "/model", "/models", "/")
    }

    assert current == {
        "/inbox": ["/inbox"],
        "/messages/msg_1": ["/inbox"],
        "/contacts/a@b.c": ["/inbox"],
        "/model": ["/model"],
        "/models": [],
        "/": [],
    }


def test_a_bar_is_as_long_as_its_probability_and_marks_where_it_counts(page):
    widths = [rect["width"] for rect in page.every("rect") if rect["class"] == "bar-fill"]
    marks = [rect["x"] for rect in page.every("rect") if rect["class"] == "bar-mark"]

    assert widths == ["73.4", "73.4", "73.4", "93.0", "0.4"]
    assert marks == ["62.0"]


def test_a_sentence_is_marked_where_it_stands():
    html = gallery(bad="Hello. Could you? Bye.")

    assert '<mark title="Hello. Could you? Bye.">' in html


def test_a_value_that_a_page_forgot_is_a_mistake_that_shows():
    with pytest.raises(UndefinedError, match="kind"):
        gallery(template="error.html", detail="", reference="")
