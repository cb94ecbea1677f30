"""A YAML file whose every value knows its line, so that a fault names file and line."""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from app.errors import ConfigError

MAX_CHARS = 200  # of a name; longer is a slip in the quoting


class Value:
    """One value of the file, read as what the caller expects; anything else is a ConfigError."""

    def __init__(self, file: Path, node: yaml.Node) -> None:
        self._file = file
        self._node = node

    def fault(self, problem: str) -> ConfigError:
        """Make the error that names this value's place."""
        return ConfigError(f"{self._file}:{self._node.start_mark.line + 1}: {problem}")

    def fields(
        self, required: Collection[str], optional: Collection[str] = ()
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

    def text(self) -> str:
        """Read a short text on one line."""
        text = self.scalar()
        if not isinstance(text, str):
            raise self.fault("needs a text; put it in quotes")
        if not text.strip() or len(text) > MAX_CHARS or not text.isprintable():
            raise self.fault(f"needs 1 to {MAX_CHARS} printable characters")
        return text

    def scalar(self) -> Any:
        """Read a text, number, truth or nothing, as YAML's safe types have it."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.fault("needs a single value")
        try:
            return yaml.SafeLoader("").construct_object(self._node)
        except (ValueError, yaml.YAMLError):
            raise self.fault("this value cannot be read") from None


def read_document(file: Path, content: bytes) -> Value:
    """Read the one YAML document of a file.

    Raises:
        ConfigError: It is not UTF-8, not YAML, or empty.
    """
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
    return f": did you mean {near[0]!r}?" if near else f": known are {', '.join(sorted(known))}"
