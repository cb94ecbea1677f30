"""Watch the policy being read, so that the page about its keys says what the code asks for."""

import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.routing.document import Value
from tests.reference.markdown import code

_NAMED = ("calendar", "owner", "pool", "clock", "playbook", "rule", "intent", "signal")
_BY_READER = {  # function of app/routing that looks closer at a text or a scalar
    "read_duration": "a duration: `90s`, `30m`, `4h`, `2d`; up to `366d`",
    "read_day": "a day, `2026-12-25`",
    "_day_of": "a day, `2026-12-25`",
    "read_days": "a day, or the first and the last, `2026-12-21..2027-01-03`",
    "read_holiday": "a day, `2026-12-25`, or one of every year, `12-25`",
    "read_hours": 'hours, `"09:00-12:30, 13:30-18:00"`',
    "read_instant": "a time with its zone, `2026-11-26T10:00:00+01:00`",
    "read_event": "a type of event, `lead.detected`",
    "read_language": "a language of two letters, `de`",
    "_code": "`und`",
    "_zone": "a time zone of the IANA database, `Europe/Berlin`",
    "_email": "a mail address",
    "_territories": "a country, `br`, or the end of a domain, `gov.uk`",
    "_comparison": 'a number, or a comparison in quotes: `">= 3"`, `"< 20"`',
    "_globs": "a pattern, in which `*` is any text",
    "_limit": "`model`, or a probability",
}
_SCALARS = {"read_policy": "`1`", "_expectation": "`~` for none"}  # readers of bare values
_LISTS_ALONE = ("read_endpoints", "_weights")  # readers that take no single value for a list
_CALLS = ("text", "prose", "flag", "number", "count", "one_of", "scalar")


@dataclass
class Keys:
    """What was asked for while a policy was read, by the place in the file."""

    required: dict = field(default_factory=dict)  # path -> whether it must be there
    takes: dict = field(default_factory=lambda: defaultdict(dict))  # path -> words, in order
    places: dict = field(default_factory=dict)  # id of a node -> its path
    nodes: list = field(default_factory=list)  # kept, so that no id is given twice
    singles: set = field(default_factory=set)  # paths of lists that one value may stand for
    depth: int = 0

    def put(self, value, path):
        self.places.setdefault(id(value._node), path)
        self.nodes.append(value._node)

    def path_of(self, value):
        return self.places.get(id(value._node))

    def note(self, value, words):
        path = self.path_of(value)
        if path is not None and not self.depth:
            self.takes[path][words] = True

    def told(self, path):
        """Say what a place takes; one that no example fills is told by another of its name."""
        if told := self.told_here(path):
            return told
        if any(other.startswith((f"{path}.", f"{path}[")) for other in self.required):
            return ""  # its own keys follow
        told = self._beside(path) or self._elsewhere(path)
        if not told:
            raise ValueError(f"no example shows what {path} takes")
        return told

    def _beside(self, path):
        """Say what the keys beside a place take, where all take the same."""
        parent = path.rsplit(".", 1)[0]
        beside = [other for other in self.required if other.rsplit(".", 1)[0] == parent]
        words = list(filter(None, map(self.told_here, beside)))
        return words[0] if len(words) > 1 and len(set(words)) == 1 else ""

    def _elsewhere(self, path):
        """Say what a key of the same name takes, first of all in the same part of the file."""
        name = path.rsplit(".", 1)[-1]
        same = [other for other in self.required if other.rsplit(".", 1)[-1] == name]
        part = path.split(".", 1)[0]
        same.sort(key=lambda other: not other.startswith(part))
        return next(filter(None, map(self.told_here, same)), "")

    def told_here(self, path):
        """Say what a place takes by what was read there alone."""
        return "; or ".join(
            filter(None, (self._list(path), self._mapping(path), self._single(path)))
        )

    def _single(self, path):
        return " or ".join(self.takes.get(path, ()))

    def _list(self, path):
        words = " or ".join(self.takes.get(f"{path}[]", ()))
        how = "one, or a list" if path in self.singles else "a list"
        return f"{how}: {words}" if words else ""

    def _mapping(self, path):
        inner = f"{path}.NAME"
        words = " or ".join(filter(None, (self._single(inner), self._list(inner))))
        return f"for each `NAME` {words}" if words else ""


@contextmanager
def watched():
    """Note what is asked of every value while the block runs."""
    keys, real = Keys(), {name: getattr(Value, name) for name in (*_SHAPES, *_CALLS)}
    try:
        for name, wrap in _SHAPES.items():
            setattr(Value, name, wrap(keys, real[name]))
        for name in _CALLS:
            setattr(Value, name, _call(keys, name, real[name]))
        yield keys
    finally:
        for name, method in real.items():
            setattr(Value, name, method)


def _fields(keys, real):
    def fields(self, required=(), optional=()):
        found = real(self, required, optional)
        path = keys.path_of(self)
        for name in (*required, *optional):
            place = f"{path}.{name}" if path else name
            keys.required[place] = keys.required.get(place, False) or name in required
            if name in found:
                keys.put(found[name], place)
        return found

    return fields


def _named(keys, real):
    def named(self):
        found = real(self)
        for _, _, value in found:
            keys.put(value, f"{keys.path_of(self)}.NAME")
        return found

    return named


def _entries(keys, real):
    def entries(self):
        found = real(self)
        for value in found:
            keys.put(value, f"{keys.path_of(self)}[]")
        return found

    return entries


def _different(keys, real):
    def different(self):
        path = keys.path_of(self)
        if path and sys._getframe(1).f_code.co_name not in _LISTS_ALONE:
            keys.singles.add(path)
        keys.depth += 1
        try:
            found = real(self)
        finally:
            keys.depth -= 1
        if not self.is_list:  # one alone is read as a list of one
            keys.places[id(self._node)] = f"{path}[]"
        return found

    return different


_SHAPES = {"fields": _fields, "named": _named, "entries": _entries, "different": _different}


def _call(keys, name, real):
    def call(self, *args, **options):
        keys.note(self, _told_by(_reader(), name) or _words(name, *args))
        keys.depth += 1
        try:
            return real(self, *args, **options)
        finally:
            keys.depth -= 1

    return call


def _reader():
    """Name the function of app/routing that looks at a value."""
    frame = sys._getframe(2)
    while frame.f_code.co_name.startswith("<"):  # a comprehension of it
        frame = frame.f_back
    return frame.f_code.co_name


def _told_by(reader, name):
    return (
        _SCALARS.get(reader) if name == "scalar" and reader in _SCALARS else _BY_READER.get(reader)
    )


def _words(name, *args):
    if name == "one_of":
        known, what = args
        if what in _NAMED:
            return f"the name of {'an' if what[0] in 'aeiou' else 'a'} {what}"
        return "a label of the head" if "label" in what else code(*known)
    if name in ("number", "count"):
        whole = "a whole number" if name == "count" else "a number"
        return f"{whole}, {args[0]:,} to {args[1]:,}"
    return {"flag": "`true` or `false`", "prose": "text", "text": "text", "scalar": "a value"}[name]
