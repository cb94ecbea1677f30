"""Forms as providers post them, multipart or urlencoded, read from the raw bytes within limits."""

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.inbound.mime.charsets import decode
from app.inbound.payload import parse_file_name, parse_json, storable
from app.inbound.values import Attached, Post, Unreadable

MAX_BYTES = 64 * 1024 * 1024  # the sum of the largest attachments that a provider takes, in base64
MAX_PARTS = 1_000
_MAX_HEADERS = 16  # of a part: name, type and a few of the gateway's own
_MAX_HEADER_BYTES = 8 * 1024  # a file's name may be long
_MAX_TYPE_CHARS = 1_000  # of the request: media type and boundary

_STRAY = re.compile(rb"%(?![0-9a-fA-F]{2})")  # a percent sign that stands for itself
_MAX_STRAYS = 10_000  # no encoder leaves any
_AS_UTF8 = ("utf-8", "replace")

_MAIL = "message/rfc822"
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,80}/[a-z0-9.+_-]{1,80}")
# Names of RFC 5322 section 2.2, but for those that tell how a mail is made up.
_MAIL_HEADER = re.compile(r"(?!content-|mime-version)[!-9;-~]{1,100}", re.IGNORECASE)

_SILENT = logging.Logger("python_multipart", logging.CRITICAL + 1)  # its warnings quote the input


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form: a text, or a file where it has a file name."""

    name: str
    filename: str | None  # None: a text. Its last part only; empty where it names no file.
    content_type: str  # as it was sent; empty where it was not
    data: bytes = field(repr=False)


def parse_form(post: Post, names: Collection[str] | None = None) -> list[Field]:
    """Read the fields of a request, in their order; parts without a name are left out.

    Args:
        post: The request.
        names: The fields that are wanted, where not all are: a proof is checked at little cost.

    Raises:
        Unreadable: It is no form, is cut off, or has more than 1,000 fields or 64 MiB.

    Source:
        RFC 7578 (multipart/form-data); WHATWG URL, section 5.1 (urlencoded: `;` is data).
    """
    if len(post.body) > MAX_BYTES or len(post.content_type) > _MAX_TYPE_CHARS:
        raise Unreadable("the form is too large")
    kind, options = parse_options_header(post.content_type.encode("latin-1", "replace"))
    if kind == b"multipart/form-data":
        fields = _parse_multipart(post.body, options.get(b"boundary", b""))
        return [item for item in fields if names is None or item.name in names]
    if kind == b"application/x-www-form-urlencoded":
        return _parse_urlencoded(post.body, names)
    raise Unreadable("the body is not a form")


def decode_text(data: bytes, charset: str | None = None) -> str:
    """Decode text by the charset that somebody named, or by the likeliest; always storable."""
    return storable(decode(data, charset))


def named(fields: Iterable[Field], name: str) -> list[Field]:
    """Give the texts of a name, in their order; files are left out."""
    return [item for item in fields if item.name == name and item.filename is None]


def text_of(fields: Iterable[Field], name: str, charset: str | None = None) -> str:
    """Give the first text of a name, decoded; empty where there is none."""
    found = named(fields, name)
    return decode_text(found[0].data, charset) if found else ""


def json_of(fields: Iterable[Field], name: str) -> object:
    """Read a text of JSON; None where there is none or it cannot be read: the mail is kept."""
    found = named(fields, name)
    try:
        return parse_json(found[0].data) if found else None
    except Unreadable:
        return None


def attached(files: Iterable[Field]) -> tuple[Attached, ...]:
    """List the files that have a name."""
    return tuple(
        Attached(name=f.filename, content_type=media_type(f.content_type), size=len(f.data))
        for f in files
        if f.filename
    )


def media_type(content_type: str) -> str:
    """Give the media type without its parameters; application/octet-stream where it is none."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream"


def encloses_mail(files: Iterable[Field]) -> bool:
    """Whether a mail came as a file, as it does where somebody forwards one whole."""
    return any(media_type(item.content_type) == _MAIL for item in files)


def as_mail(
    headers: Iterable[tuple[str, str]], *, text: str, html: str, files: Iterable[Field]
) -> bytes:
    """Put together again a mail that a provider took apart, so that mails in it are read too.

    Args:
        headers: Of the mail; those that tell how it was made up are left out.
        text: Its text.
        html: Its HTML, taken where there is no text.
        files: What came with it.
    """
    parts = [_file_part(item) for item in files]
    if text or html:
        kind, body = (b"plain", text) if text else (b"html", html)
        parts.insert(0, _encoded(b"text/" + kind + b"; charset=utf-8", body.encode(*_AS_UTF8)))
    boundary = hashlib.sha256(b"".join(parts)).hexdigest().encode()  # nothing holds its own hash
    lines = [
        f"{name}: {' '.join(value.split())}".encode(*_AS_UTF8)
        for name, value in headers
        if _MAIL_HEADER.fullmatch(name)
    ]
    lines.append(b"Content-Type: multipart/mixed; boundary=" + boundary)
    delimited = [b"--" + boundary + b"\r\n" + part for part in parts]
    return b"\r\n".join([*lines, b"", *delimited, b"--" + boundary + b"--", b""])


def _parse_urlencoded(body: bytes, names: Collection[str] | None) -> list[Field]:
    if body.count(b"&") >= MAX_PARTS:
        raise Unreadable(f"the form has more than {MAX_PARTS} fields")
    pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
    decoded = ((decode_text(_unquoted(name)), value) for name, _, value in pairs)
    return [
        Field(name=name, filename=None, content_type="", data=_unquoted(value))
        for name, value in decoded
        if names is None or name in names
    ]


def _unquoted(raw: bytes) -> bytes:
    """Undo percent-encoding as quoted-printable, in C: a mail may have millions of these."""
    escaped = raw.replace(b"+", b" ").replace(b"=", b"%3D")
    whole, strays = _STRAY.subn(b"%25", escaped, count=_MAX_STRAYS)
    if strays == _MAX_STRAYS:
        raise Unreadable("the form is malformed")
    return binascii.a2b_qp(whole.replace(b"%", b"="))


def _parse_multipart(body: bytes, boundary: bytes) -> list[Field]:
    if not boundary:
        raise Unreadable("the form names no boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(
            boundary,
            parts.callbacks(),  # type: ignore[arg-type]  # the library's TypedDict, by name
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )
        parser.logger = _SILENT
        parser.write(body)
    except FormParserError:
        raise Unreadable("the form is malformed") from None
    if not parts.ended:
        raise Unreadable("the form is cut off")
    return parts.fields


class _Parts:
    """Collects what the parser finds into fields."""

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.ended = False
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._data: list[bytes] = []

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._end_header,
            "on_part_data": self._part_data,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Unreadable(f"the form has more than {MAX_PARTS} fields")
        self._headers, self._data = {}, []

    def _begin_header(self) -> None:
        self._name = self._value = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers.setdefault(self._name.lower(), self._value)  # of one sent twice the first

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name"):
            self.fields.append(self._field(options))

    def _field(self, options: dict[bytes, bytes]) -> Field:
        filename = options.get(b"filename")
        return Field(
            name=decode_text(options[b"name"]),
            filename=None if filename is None else parse_file_name(decode_text(filename)),
            content_type=decode_text(self._headers.get(b"content-type", b"")),
            data=b"".join(self._data),
        )

    def _end_form(self) -> None:
        self.ended = True


def _file_part(item: Field) -> bytes:
    """Write a file as a part; RFC 2046 section 5.2.1 forbids base64 for one that is a mail."""
    kind = media_type(item.content_type)
    name = (item.filename or "").replace('"', "'").replace("\\", "")
    described = f'{kind}\r\nContent-Disposition: attachment; filename="{name}"'.encode(*_AS_UTF8)
    if kind == _MAIL:
        return b"Content-Type: " + described + b"\r\n\r\n" + item.data
    return _encoded(described, item.data)


def _encoded(kind: bytes, data: bytes) -> bytes:
    head = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(data)
