import json
import re
import shlex
from pathlib import Path

import pytest
from support_events import stored

from app.webhook.mail_target import is_mail_url, parse_mail_target
from app.webhook.rendering import FORMATS, check_options, check_url
from app.webhook.target import parse_target

DOCS = Path(__file__).parents[3] / "docs"
ENDPOINTS = (DOCS / "endpoints.md").read_text(encoding="utf-8")
LINES = [shlex.split(line) for line in re.findall(r"^    inlet endpoints add .*$", ENDPOINTS, re.M)]


def given(words, flag):
    return [words[at + 1] for at, word in enumerate(words) if word == flag]


def format_of(words):
    return next(iter(given(words, "--format")), "webhook")


def test_every_format_has_a_line_to_copy():
    assert {format_of(words) for words in LINES} == set(FORMATS)


@pytest.mark.parametrize("words", LINES, ids=lambda words: format_of(words))
def test_a_line_to_copy_is_one_that_is_taken(words):
    url, format = words[4], format_of(words)

    check_options(format, dict(one.split("=", 1) for one in given(words, "--option")))
    check_url(format, url)
    (parse_mail_target if is_mail_url(url) else parse_target)(url)


def test_every_member_of_an_event_is_explained():
    text = (DOCS / "events.md").read_text(encoding="utf-8")

    assert [name for name in json.loads(stored())["data"] if f"`{name}`" not in text] == []
