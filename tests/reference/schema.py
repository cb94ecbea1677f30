"""JSON schemas in words: what a value is, and what its members are."""

from tests.reference.markdown import code, table

_NUMBERS = ("integer", "number")
_WORDS = {"integer": "whole number", "boolean": "`true` or `false`", "string": "text"}


def kind(schema, link):
    """Say in a few words what a value is.

    Args:
        schema: A JSON schema, or a part of one.
        link: Makes a link of a reference such as #/components/schemas/Problem.
    """
    if "$ref" in schema:
        return link(schema["$ref"])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(kind(option, link) for option in options)
    if "enum" in schema:
        return code(*schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    types = schema.get("type", "any value")
    return " or ".join(_of(one, schema, link) for one in ([types] if _is_text(types) else types))


def members(schema, link):
    """Write the members of an object as a table: name, value, whether it must be there, meaning."""
    required = schema.get("required", ())
    rows = [
        [f"`{name}`", kind(each, link), "yes" if name in required else "", meaning(each)]
        for name, each in schema.get("properties", {}).items()
    ]
    return table(["member", "value", "always", "meaning"], rows) if rows else ""


def meaning(schema):
    """Say what a value means, and what it is where it is left out."""
    told = schema.get("description", "")
    default = schema.get("default")
    return told if default in (None, "") else f"{told} Default: `{_shown(default)}`.".strip()


def _of(name, schema, link):
    if name == "array":
        return f"list of {kind(schema.get('items', {}), link)}{_many(schema, 'Items')}"
    if name == "object":
        inner = schema.get("additionalProperties")
        return f"object of {kind(inner, link)}" if isinstance(inner, dict) else "object"
    if name in _NUMBERS:
        return _WORDS.get(name, name) + _bounds(schema)
    if name == "string" and schema.get("format") == "date-time":
        return "time (ISO 8601, with its zone)"
    return _WORDS.get(name, name) + (_many(schema, "Length") if name == "string" else "")


def _bounds(schema):
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    if low is not None:
        return f", {low:,} or more"
    return "" if high is None else f", {high:,} at most"


def _many(schema, of):
    low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
    unit = " characters" if of == "Length" else ""
    if high is not None:
        return f", {low or 0:,} to {high:,}{unit}"
    return f", {low:,}{unit} or more" if low else ""


def _is_text(value):
    return isinstance(value, str)


def _shown(default):
    return {True: "true", False: "false"}.get(default, default) if _is_flag(default) else default


def _is_flag(value):
    return isinstance(value, bool)
