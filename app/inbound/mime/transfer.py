"""Transfer encodings undone, as far as they can be; and the size of what is not decoded.

Source:
    RFC 2045, section 6.
"""

import base64
import binascii
import re
from collections.abc import Iterable

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          b"0123456789+/="))  # fmt: skip
_BLANK = b" \t\r\n"
_UUENCODE = {"x-uuencode", "uuencode", "x-uue", "uue"}
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\n]{1,255}$", re.MULTILINE)
_UU_LINE_BYTES = 61  # 45 bytes encoded and the length in front


def encoding_of(value: str) -> str:
    """Name the encoding that a Content-Transfer-Encoding header means."""
    words = value.lower().replace(";", " ").split()
    return words[0].strip("\"'") if words else ""


def decode(data: bytes, encoding: str) -> bytes:
    """Undo an encoding; what is damaged gives what can be had, an unknown one nothing changes."""
    if encoding == "base64":
        return _from_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in _UUENCODE:
        return _from_uuencode(data)
    return data


def decoded_size(data: bytes, start: int, end: int, encoding: str) -> int:
    """Count the bytes that a part has without decoding it; near enough for a list of files."""
    length = end - start
    if encoding == "base64":
        noise = sum(data.count(byte, start, end) for byte in (b"\n", b" ", b"="))
        return (length - noise) * 3 // 4
    if encoding == "quoted-printable":
        return length - 2 * data.count(b"=", start, end)
    return length


def _from_base64(data: bytes) -> bytes:
    # Some mailers pad each line: a pad ends a run of characters, not the text.
    runs = data.translate(None, _NOT_BASE64).split(b"=")
    return b"".join(_run(run) for run in runs if run)


def _run(run: bytes) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _from_uuencode(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data
    return b"".join(_uu_lines(data[begin.end() + 1 :].split(b"\n")))


def _uu_lines(lines: Iterable[bytes]) -> Iterable[bytes]:
    for line in lines:
        if line.strip(_BLANK) in (b"end", b"`", b""):
            return
        try:
            yield binascii.a2b_uu(line[:_UU_LINE_BYTES])
        except binascii.Error:
            continue  # a damaged line costs that line
