"""A sample as a command for a shell, which shows no secret: it names their variables instead."""

import re
import shlex
from collections.abc import Mapping
from urllib.parse import quote

from app.inbound.samples.trace import Asked, variable

_MASK = "'***'"
_ESCAPES = str.maketrans({"\\": r"\\", "\r": r"\r", "\n": r"\n"})  # of printf's %b


def curl_line(asked: Asked, url: str, *, api_key: str | None) -> str:
    """Give the command that sends a sample.

    Args:
        asked: With the sample.
        url: Of the service, without a path.
        api_key: What must not be shown either.
    """
    sample, secret = asked.sample, asked.keys.secret
    hidden = {} if api_key is None else {api_key: '"$INLET_API_KEY"'}
    if secret:  # the variable does not hold it as a query does
        hidden |= {quote(secret, safe=""): _MASK, secret: _in_shell(asked, "secret")}
    words = [f"curl -sS {_word(url + sample.path, hidden)}"]
    for name, value in sample.headers.items():
        is_password = value.startswith("Basic ")
        header = f"-H {_word(f'{name}: {value}', hidden)}"
        words.append(f"-u {_in_shell(asked, 'auth')}" if is_password else header)
    proof = {sample.proof: _MASK} if sample.proof else {}
    body = sample.body.decode("utf-8", "replace")
    if "\n" in body:  # what is pasted into a terminal loses its CRs
        printed = _word(body.translate(_ESCAPES), proof)
        return f"printf %b {printed} |\n  " + _lines([*words, "--data-binary @-"])
    return _lines([*words, f"--data-binary {_word(body, proof)}"])


def _lines(words: list[str]) -> str:
    return " \\\n  ".join(words)


def _in_shell(asked: Asked, key: str) -> str:
    return f'"${variable(asked.source, key)}"'


def _word(text: str, hidden: Mapping[str, str]) -> str:
    """Quote a word for a shell, with something else in place of what must not be shown."""
    if not hidden:
        return shlex.quote(text)
    longest_first = sorted(hidden, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, longest_first))})", text)
    return "".join(hidden.get(piece) or shlex.quote(piece) for piece in pieces if piece)
