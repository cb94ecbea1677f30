"""A YAML file whose every value knows its line, so that a fault names file and line."""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from app.errors import ConfigError

MAX_CHARS = 200  # of a name; longer is a slip in the quoting
MAX_BYTES = 1_000_000  # of a file; YAML takes seconds for more
_MAX_NAMED = 12  # names that a fault lists


class Value:
    """One value of the file, read as what the caller expects; anything else is a ConfigError."""

    def __init__(self, file: Path, node: yaml.Node) -> None:
        self._file = file
        self._node = node

    @property
    def line(self) -> int:
        """Give the line that this value begins on, from 1."""
        return int(self._node.start_mark.line) + 1

    @property
    def is_list(self) -> bool:
        """Whether it is a list, where a single value or a mapping would do as well."""
        return isinstance(self._node, yaml.SequenceNode)

    def fault(self, problem: str) -> ConfigError:
        """Make the error that names this value's place."""
        return ConfigError(f"{self._file}:{self.line}: {problem}")

    def fields(
        self, required: Collection[str] = (), optional: Collection[str] = ()
    ) -> dict[str, "Value"]:
        """Read a mapping that has these keys and no others."""
        found = {key.text(): value for key, value in self.pairs()}
        for key, _ in self.pairs():
            known = (*required, *optional)
            if key.text() not in known:
                raise key.fault(f"unknown key {key.text()!r}{nearest(key.text(), known)}")
        missing = [name for name in required if name not in found]
        if missing:
            raise self.fault(f"missing {', '.join(missing)}")
        return found

    def pairs(self) -> list[tuple["Value", "Value"]]:
        """Read a mapping with keys of any name, each once."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.fault("needs a mapping (key: value)")
        pairs = [(Value(self._file, key), Value(self._file, v)) for key, v in self._node.value]
        seen: set[str] = set()
        for key, _ in pairs:
            if key.text() in seen:
                raise key.fault(f"duplicate key {key.text()!r}")
            seen.add(key.text())
        return pairs

    def entries(self) -> list["Value"]:
        """Read a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.fault("needs a list")
        return [Value(self._file, entry) for entry in self._node.value]

    def named(self) -> list[tuple[str, "Value", "Value"]]:
        """Read a mapping from names to what they name: name, the name's place, what it names."""
        return [(key.text(), key, value) for key, value in self.pairs()]

    def different(self) -> list["Value"]:
        """Read a list of short texts, or one alone, each once and at least one."""
        entries = self.entries() if self.is_list else [self]
        seen: set[str] = set()
        for entry in entries:
            if entry.text() in seen:
                raise entry.fault(f"{entry.text()!r} stands here twice")
            seen.add(entry.text())
        if not entries:
            raise self.fault("needs at least one value")
        return entries

    def text(self) -> str:
        """Read a short text on one line."""
        return self.prose(MAX_CHARS, breaks="")

    def prose(self, max_chars: int, *, breaks: str = "\n\t") -> str:
        """Read a text that may have several lines."""
        text = self.scalar()
        if not isinstance(text, str):
            raise self.fault("needs a text; put it in quotes")
        flat = text.translate(dict.fromkeys(map(ord, breaks), " "))
        if not text.strip() or len(text) > max_chars or not flat.isprintable():
            raise self.fault(f"needs 1 to {max_chars} printable characters")
        return text

    def flag(self) -> bool:
        """Read true or false."""
        flag = self.scalar()
        if not isinstance(flag, bool):
            raise self.fault("needs true or false")
        return flag

    def number(self, low: float, high: float) -> float:
        """Read a number within limits, both included."""
        number = self.scalar()
        # A bool is no number, nor is NaN.
        if type(number) not in (int, float) or not low <= number <= high:
            raise self.fault(f"needs a number from {low:g} to {high:g}")
        return float(number)

    def count(self, low: int, high: int) -> int:
        """Read a whole number within limits, both included."""
        count = self.scalar()
        if type(count) is not int or not low <= count <= high:
            raise self.fault(f"needs a whole number from {low} to {high}")
        return count

    def one_of(self, known: Collection[str], what: str) -> str:
        """Read a name that must be a known one."""
        name = self.text()
        if name not in known:
            raise self.fault(f"unknown {what} {name!r}{nearest(name, known)}")
        return name

    def scalar(self) -> Any:
        """Read a text, number, truth or nothing, as YAML's safe types have it."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.fault("needs a single value")
        try:
            return yaml.SafeLoader("").construct_object(self._node)
        except (ValueError, LookupError, AttributeError, yaml.YAMLError):  # of a tag: `!!bool x`
            raise self.fault(
                "this value cannot be read: put texts in quotes, write days as 2026-12-25"
            ) from None


def read_document(file: Path, content: bytes) -> Value:
    """Read the one YAML document of a file.

    Raises:
        ConfigError: It is too long, not UTF-8, not YAML, or empty.
    """
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{file}:1: is longer than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise _fault_at(file, content[: error.start].decode("utf-8"), "is not UTF-8") from None
    except yaml.reader.ReaderError as error:
        problem = "a character that YAML does not allow"
        raise _fault_at(file, text[: error.position], problem) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{file}:{line}: is not YAML: {error.problem}") from None
    except RecursionError:
        raise ConfigError(f"{file}:1: is nested too deep") from None
    if node is None:
        raise ConfigError(f"{file}:1: is empty")
    return Value(file, node)


def _fault_at(file: Path, before: str, problem: str) -> ConfigError:
    return ConfigError(f"{file}:{before.count(chr(10)) + 1}: {problem}")


def nearest(name: str, known: Collection[str]) -> str:
    """Give the end of a sentence that says which known name was meant, or which there are."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f": did you mean {near[0]!r}?"
    if not known:
        return ": there is none in this file"
    more = ", …" if len(known) > _MAX_NAMED else ""
    return f": known are {', '.join(sorted(known)[:_MAX_NAMED])}{more}"
