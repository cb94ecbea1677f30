from tests.benchmarks.pages import Row, asked_by, missed

PAGE = """
<link rel="icon" href="/static/icon.1.svg"><link rel="stylesheet" href="/static/app.2.css">
<script src="/static/app.3.js" defer></script><a href="/inbox">Inbox</a>
<figure data-chart="bars" data-source="/numbers/data.json?days=7&amp;zone=x"></figure>
<figure data-chart="lines" data-source="/numbers/data.json?days=7&amp;zone=x"></figure>
<div hx-get="/messages/1/evidence" hx-trigger="load"></div><form hx-post="/messages/1/take"></form>
"""


def a_row(page="inbox", **changes):
    zeros = dict.fromkeys(("text_kb", "load_kb", "first_ms", "median_ms", "p95_ms", "worst_ms"), 0)
    return Row(page=page, files=0, **{**zeros, **changes})


def test_a_page_asks_once_for_its_files_and_for_what_its_scripts_fetch():
    assert asked_by(PAGE) == {
        "/static/icon.1.svg",
        "/static/app.2.css",
        "/static/app.3.js",
        "/numbers/data.json?days=7&zone=x",
        "/messages/1/evidence",
    }


def test_every_page_is_to_be_light_and_the_first_one_fast():
    found = [
        a_row(load_kb=59.9, first_ms=10.0, p95_ms=201.0),
        a_row("numbers", load_kb=60.0, first_ms=500.0),
    ]

    assert list(missed(found)) == [
        "inbox: 201.0 ms, not below 200",
        "numbers: 60.0 kB, not below 60",
    ]


def test_the_first_page_is_to_be_fast_when_nobody_asked_before():
    assert list(missed([a_row(first_ms=200.0)])) == ["inbox: 200.0 ms, not below 200"]
