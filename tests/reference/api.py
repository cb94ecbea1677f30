"""The page of the HTTP API, from the application's own OpenAPI description."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry

from app.api.application import create_api
from app.api.auth import SCOPES
from app.api.metrics import Metrics
from app.api.problems import MEDIA_TYPE, STATUS_OF_CODE
from app.settings import Settings
from tests.reference.markdown import as_json, code, paragraphs, table
from tests.reference.schema import kind, meaning, members

_HEAD = """\
# HTTP API

A running service describes itself at `/openapi.json` and, to try things out, at `/docs`. A call
shows a key that `inlet keys create` made, as `Authorization: Bearer …` or `X-API-Key: …`. Without
any key the service is open to programs of its own machine and closed to all others.
"""
_PROBLEMS = f"""\
## Refusals

A refusal is `{MEDIA_TYPE}`, a [Problem](#problem): `code` is stable and for programs, `detail` is
a sentence for people. It never repeats what was sent.
"""
_SCOPES = """\
## Scopes

What a key may do: {scopes}. One without `--scope` has `admin`, which is all of them.
"""
_OPEN = "No API key: a probe, or a provider that proves itself in its own way."


def page():
    """Write every operation, every object, every code."""
    described = description()
    return paragraphs(
        _HEAD,
        _SCOPES.format(scopes=code(*sorted(SCOPES))),
        _contents(described),
        *_operations(described),
        _PROBLEMS,
        table(["code", "status"], [[f"`{c}`", s] for c, s in sorted(STATUS_OF_CODE.items())]),
        "## Objects",
        *_objects(described["components"]["schemas"]),
    )


def description():
    """Give the OpenAPI description; nothing has to run for it."""
    parts = SimpleNamespace(settings=Settings(), metrics=Metrics(CollectorRegistry()))
    return create_api(parts).openapi()


def _each(described):
    return [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def _contents(described):
    rows = [
        [f"[`{method} {path}`](#{_anchor(operation)})", operation["summary"]]
        for method, path, operation in _each(described)
    ]
    return paragraphs("## Calls", table(["call", ""], rows))


def _operations(described):
    for method, path, operation in _each(described):
        yield paragraphs(
            f"### {method} {path} {{ #{_anchor(operation)} }}",
            f"**{operation['summary']}.** {operation.get('description', '')}",
            _OPEN if operation.get("security") == [] else "",
            _parameters(operation.get("parameters", [])),
            _body(operation.get("requestBody")),
            _answers(operation["responses"]),
        )


def _parameters(found):
    rows = [
        [
            f"`{one['name']}`",
            one["in"],
            kind(one["schema"], _link),
            meaning({**one["schema"], "description": one.get("description", "")}),
        ]
        for one in found
    ]
    return table(["parameter", "in", "value", "meaning"], rows) if rows else ""


def _body(body):
    """Name the body's form, and show the first example."""
    if body is None:
        return ""
    [(media_type, content)] = body["content"].items()
    example = next(iter(content.get("examples", {}).values()), None)
    told = f"The body is `{media_type}`: {kind(content['schema'], _link)}."
    return paragraphs(told, as_json(example["value"]) if example else "")


def _answers(responses):
    good = sorted(one for one in responses if int(one) < 400)
    bad = sorted(one for one in responses if int(one) >= 400)
    told = [f"Answers {one}: {_content(responses[one])}." for one in good]
    refusals = f"Refused with {', '.join(bad)}." if bad else ""
    return " ".join([*told, refusals]).strip()


def _content(response):
    found = [
        kind(content["schema"], _link) if "json" in media_type else f"`{media_type}`"
        for media_type, content in response.get("content", {}).items()
    ]
    return " or ".join(found) or "no body"


def _objects(schemas):
    for name in sorted(schemas):
        schema = schemas[name]
        values = f"One of {code(*schema['enum'])}." if "enum" in schema else ""
        told = schema.get("description", "")
        yield paragraphs(f"### {name}", told, values, members(schema, _link))


def _link(reference):
    name = reference.rsplit("/", 1)[1]
    return f"[{name}](#{name.lower()})"


def _anchor(operation):
    return operation["operationId"].strip("_").replace("__", "_").replace("_", "-")
