"""Generated pages of docs/ say what the code says, and every page finds its way into the site."""

import re

import pytest
import yaml

from app.inbound.sources import KEYLESS, providers
from app.webhook.rendering import FORMATS
from tests.docs import DOCS, pages


@pytest.fixture(scope="module")
def made():
    return pages()


def test_every_generated_page_is_up_to_date(made):
    kept = {name: (DOCS / name).read_text(encoding="utf-8") for name in made}

    stale = [name for name in made if made[name] != kept[name]]
    assert stale == [], "run `python -m tests.docs`"


def test_the_pages_are_made_the_same_way_twice(made):
    assert pages() == made


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_every_format_has_a_page_that_adds_an_endpoint_of_it(format):
    text = (DOCS / "how-to" / f"to-{format}.md").read_text(encoding="utf-8")

    assert re.search(r"^ *inlet endpoints add ", text, re.MULTILINE)
    assert f"--format {format}" in text or format == "webhook"


def test_every_source_stands_on_a_how_to_page():
    known = {*providers(lambda _url: b""), *(source.name for source in KEYLESS)} - {"dialogflow-es"}
    text = "".join(page.read_text("utf-8") for page in sorted((DOCS / "how-to").glob("from-*.md")))

    assert {name for name in known if f"../sources/{name}.md" not in text} == set()


def test_every_page_of_the_menu_is_there():
    menu = yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]

    assert [page for page in leaves(menu) if not (DOCS / page).is_file()] == []


def leaves(menu):
    if isinstance(menu, str):
        return [menu]
    inner = menu.values() if isinstance(menu, dict) else menu
    return [page for each in inner for page in leaves(each)]
