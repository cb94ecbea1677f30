import json
import re
import shlex
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from app.api import arrivals, classify, inbound, messages, operations, rasa
from app.api.auth import SCOPES
from app.errors import ConfigError
from app.inbound.chat import botpress, dialogflow, generic, zendesk
from app.inbound.chat import rasa as rasa_calls
from app.inbound.sources import KEYLESS, providers
from app.inbound.values import Post, Received, Told
from app.routing.loading import load_policy
from app.settings import load_settings

DOCS = Path(__file__).parents[3] / "docs" / "sources"
INDEX = "README"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))}
SOURCES = {**providers(lambda _url: b""), **{source.name: source for source in KEYLESS}}
PAGE_OF = {"dialogflow-es": "dialogflow"}  # both stand on one page
HEADINGS = (
    "## Set up",
    "## Try it",
    "## What is stored, and what is not",
    r"## What .+ with our answers",
    "## Limits and pitfalls",
    "## When it does not work",
)
ROUTES = [
    route
    for module in (arrivals, classify, inbound, messages, operations, rasa)
    for route in module.router.routes
]
VARIABLE = re.compile(r"\bINLET_[A-Z][A-Z0-9_]*\b")
OF_SOURCE = re.compile(r"INLET_([A-Z]+)_(?:SECRET|AUTH|TOPICS)")
PATH = re.compile(
    r"(?:inlet\.example\.com|127\.0\.0\.1:8080|`(?:(?:GET|POST|HEAD)\s+)?)"
    r"(/(?:v1|model|livez|readyz|metrics|docs|openapi)\b[^\s`\"'?)]*)"
)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
TOLD = Told(
    message_id="msg_1",
    prediction={"labels": ["pricing"], "primary": "pricing", "confidence": 0.8, "abstained": False},
    decision={
        "route": "sales",
        "rule": "wants to buy",
        "reasons": ["the rule holds", "pricing 0.80", "the nearest other rule"],
    },
    handover=True,
)
PARSERS = {
    "json": json.loads,
    "sh": lambda text: shlex.split(text, comments=True),
    "yaml": yaml.safe_load,
    "python": lambda text: compile(text, "page", "exec"),
    "js": str,
    "text": str,
}


def blocks(page, language):
    found = BLOCK.findall(PAGES[page])
    return [textwrap.dedent(text) for kind, text in found if kind == language]


def examples(page):
    return [json.loads(text) for text in blocks(page, "json")]


def a_post(body):
    return Post(
        url="https://inlet.example.com",
        query={},
        headers={"content-type": "application/json"},
        body=json.dumps(body).encode(),
        received_at=datetime(2026, 11, 25, 12, 0, tzinfo=UTC),
    )


def rows(page):
    lines = [line.split("|")[1:-1] for line in PAGES[page].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines]


def answers_of(source):
    if source.name == "email":
        return "202 · 401 · 503"
    if source.answer is None:
        assert source.unreadable_status == 200
        return f"200 · {source.refused_status} · {source.busy_status}"
    statuses = (source.refused_status, source.unreadable_status, source.busy_status)
    return " · ".join(["decision", *map(str, statuses)])


def is_known(variable):
    try:
        load_settings({variable: "user:value"})
    except ConfigError as error:
        return f"{variable} is not a setting" not in error.detail
    return True


def is_served(path):
    name = path.removeprefix("/v1/inbound/").removesuffix("/mime")
    if path.startswith("/v1/inbound/") and name not in SOURCES:
        return False
    return any(route.path_regex.fullmatch(path) for route in ROUTES)


def anchors(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_source_has_a_page_and_every_page_a_source():
    expected = {PAGE_OF.get(name, name) for name in SOURCES} | {"smtp", INDEX}

    assert set(PAGES) == expected


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_index_says_where_a_source_is_and_what_it_answers(name):
    path, page = f"`/v1/inbound/{name}`", PAGE_OF.get(name, name)
    [row] = [cells for cells in rows(INDEX) if len(cells) == 5 and cells[1] == path]

    assert row[0].startswith(f"[{page}]({page}.md)")
    assert row[4] == answers_of(SOURCES[name])


@pytest.mark.parametrize("page", sorted(PAGES.keys() - {INDEX}))
def test_a_page_has_the_parts_of_every_page_in_their_order(page):
    headings = re.findall(r"^## .+$", PAGES[page], re.MULTILINE)

    assert len(headings) == len(HEADINGS)
    assert all(map(re.fullmatch, HEADINGS, headings))
    assert PAGES[page].startswith("# ")


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_names_only_variables_that_the_settings_take(page):
    named = set(VARIABLE.findall(PAGES[page]))

    assert {name for name in named if not is_known(name)} == set()


def test_a_variable_with_a_slip_would_be_found():
    assert not is_known("INLET_POSTMARK_PASSWORD")
    assert is_known("INLET_POSTMARK_AUTH")


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {"email", "chat"}))
def test_a_page_names_the_variables_of_its_source_and_no_other_s(name):
    page = PAGE_OF.get(name, name)
    named = VARIABLE.findall(PAGES[page])
    needed = {f"INLET_{page}_{need}".upper() for need in SOURCES[name].needs}

    assert needed <= set(named)
    assert set(OF_SOURCE.findall(" ".join(named))) == {page.upper()}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_names_only_paths_that_are_served(page):
    named = set(PATH.findall(PAGES[page]))

    assert {path for path in named if not is_served(path)} == set()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_page_names_the_path_of_its_source(name):
    named = PATH.findall(PAGES[PAGE_OF.get(name, name)])

    assert f"/v1/inbound/{name}" in named


def test_a_path_that_nobody_serves_would_be_found():
    assert not is_served("/v1/inbound/postmarc")
    assert not is_served("/v1/letters")


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_somewhere(page):
    for target, anchor in LINK.findall(PAGES[page]):
        file = DOCS / (target or f"{page}.md")

        assert file.is_file()
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_block_of_code_can_be_read(page):
    found = BLOCK.findall(PAGES[page])

    assert len(found) * 2 == PAGES[page].count("```")
    for language, text in found:
        PARSERS[language](textwrap.dedent(text))


@pytest.mark.parametrize("page", sorted(PAGES.keys() - {INDEX}))
def test_a_page_says_how_its_source_is_tried(page):
    tried = "email" if page == "smtp" else page

    assert f"inlet send-test {tried}\n" in blocks(page, "sh")


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_names_only_scopes_that_a_key_can_have(page):
    named = re.findall(r"--scope ([a-z:]+)", "\n".join(blocks(page, "sh")))

    assert set(named) <= set(SCOPES)


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {"email"}))
def test_a_page_says_what_becomes_of_each_of_our_refusals(name):
    source = SOURCES[name]
    first = {number for row in rows(PAGE_OF.get(name, name)) for number in row[0].split(", ")}
    statuses = {source.refused_status, source.busy_status, 422}

    assert {str(status) for status in statuses} <= first


@pytest.mark.parametrize(
    ("page", "number", "read"),
    [
        ("chat", 0, generic.read),
        ("rasa", 0, rasa_calls.read),
        ("dialogflow", 0, dialogflow.read),
        ("dialogflow", 2, dialogflow.read_es),
        ("botpress", 0, botpress.read),
    ],
)
def test_an_example_of_a_call_is_read(page, number, read):
    [item] = read(a_post(examples(page)[number]))

    assert isinstance(item, Received)
    assert item.text == "What would 40 seats cost per year?"
    assert (item.sender.email, item.sender.name) == ("ada@example.com", "Ada Byron")
    assert item.thread_id


def test_the_template_of_the_zendesk_page_is_read():
    [template] = examples("zendesk")
    filled = {"ticket_id": "5158", "comment": "And a discount?", "comment_id": "30064"}

    [item] = zendesk.read(a_post({**template, **filled}))

    assert isinstance(item, Received)
    assert (item.external_id, item.text) == ("5158/30064", "And a discount?")
    assert all(re.fullmatch(r"\{\{[a-z_.]+\}\}", value) for value in template.values())


@pytest.mark.parametrize(
    ("page", "number", "answer"),
    [
        ("chat", 1, generic.answer),
        ("rasa", 1, rasa_calls.answer),
        ("dialogflow", 1, dialogflow.answer),
    ],
)
def test_an_example_of_an_answer_has_the_shape_of_ours(page, number, answer):
    shown, ours = examples(page)[number], json.loads(answer(TOLD).body)

    assert shape(shown) == shape(ours)


def test_what_the_botpress_card_reads_is_in_our_answer():
    shown, ours = examples("botpress")[1], json.loads(botpress.SOURCE.answer(TOLD).body)

    assert shown.keys() <= ours.keys()


def test_the_policy_of_the_chat_page_tells_nobody_of_the_rest(tmp_path):
    [text] = blocks("chat", "yaml")
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")

    policy = load_policy(tmp_path / "policy.yaml", known_intents=("demo_request", "pricing"))

    assert [rule.endpoints for rule in policy.rules] == [("sales",)]
    assert (policy.unsure.endpoints, policy.otherwise.endpoints) == ((), ())


def test_the_slots_of_the_rasa_page_are_those_that_are_set():
    domains = [found for found in map(yaml.safe_load, blocks("rasa", "yaml")) if "slots" in found]
    set_by_us = {event["name"] for event in json.loads(rasa_calls.answer(TOLD).body)["events"]}

    assert [found["slots"].keys() for found in domains] == [set_by_us]


def shape(value):
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value)
