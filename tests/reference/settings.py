"""The page of the settings, from app/settings.py and the sources."""

from app.inbound.samples.trace import needed
from app.inbound.sources import KEYLESS, providers
from app.settings import Settings, settings_table
from tests.reference.markdown import code, paragraphs, table

_HEAD = """\
# Settings

The service and its commands read their settings from environment variables, once, when they
start. An empty variable counts as unset. A name that begins with `INLET_` and is none of these
stops the start, so a slip does not go unnoticed; `inlet doctor` shows what is in force, with
passwords masked.
"""
_SOURCES = """\
## Keys of the sources

A source is on when its variables are set, and answers 404 until then. Each page says where the
provider shows the key.
"""
_CLIENT = """\
## Of commands that call a service

`INLET_API_KEY` is the key that `inlet send-test` shows to a service. It is a client's and changes
nothing about the service.
"""
_PAGES = {"dialogflow-es": "dialogflow"}  # both stand on one page


def page():
    """Write every setting with what it takes, and the variables of every source."""
    return paragraphs(_HEAD, _settings(), _SOURCES, _sources(), _CLIENT)


def _settings():
    described = Settings.model_json_schema()["properties"]
    rows = []
    for line in settings_table().splitlines()[2:]:
        name, default, meaning = (cell.strip() for cell in line.strip("| ").split(" | "))
        field = name.strip("`").removeprefix("INLET_").lower()
        if field in described:
            rows.append([name, default, takes(described[field]), meaning])
    return table(["variable", "default", "takes", "meaning"], rows)


def takes(schema):
    """Say which values a variable takes, from its JSON schema."""
    of = next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), schema)
    if "enum" in of:
        return code(*of["enum"])
    if "pattern" in of:
        return f"`{of['pattern'].strip('^$')}`"
    kind = "path" if of.get("format") == "path" else of["type"]
    words = {
        "boolean": "`true`, `false`",
        "array": "a list, `a, b`",
        "object": "pairs, `a=b, c=d`",
        "path": "a path",
    }
    return words.get(kind) or f"{_NOUNS[kind]}{_bounds(of)}"


_NOUNS = {"integer": "a whole number", "number": "a number", "string": "text"}


def _bounds(schema):
    low, high, over = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    start = f" over {over:,}" if over is not None else f" from {low:,}" if low is not None else ""
    return start + (f" to {high:,}" if high is not None else "")


def _sources():
    keyless = {source.name: source for source in KEYLESS}
    sources = keyless | dict(sorted(providers(lambda _url: b"").items()))
    rows = []
    for name, source in sources.items():
        page = _PAGES.get(name, name)
        rows.append([f"[{name}](../sources/{page}.md)", source.title, _quoted(needed(source))])
    return table(["source", "", "on by"], rows)


def _quoted(variables):
    quoted = [f"`{one}`" if one.startswith("INLET_") else one for one in variables.split()]
    return " ".join(quoted) or "always: its callers show an API key"
