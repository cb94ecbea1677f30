"""GET /static/{file}: what pages load, at addresses that change with the bytes behind them."""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotFound

router = APIRouter(include_in_schema=False)

FOLDERS = ("static", "static/vendor")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file as it is served."""

    name: str  # app.css
    address: str  # app.1a2b3c4d.css, the middle from its SHA-256
    media_type: str
    raw: bytes
    gzipped: bytes


class Statics:
    """The files of all pages, in memory: some hundred kilobytes."""

    def __init__(self, found: Iterable[StaticFile]) -> None:
        self.files = tuple(found)
        self._by_name = {file.name: file for file in self.files}
        self._by_address = {file.address: file for file in self.files}

    def path(self, name: str) -> str:
        """Tell where a file is served; one that is not there is a mistake of ours, and raises."""
        return f"/static/{self._by_name[name].address}"

    def find(self, address: str) -> StaticFile | None:
        """Give what stands at an address."""
        return self._by_address.get(address)


def load_statics() -> Statics:
    """Read every file that pages load."""
    folders = (files("app.dashboard").joinpath(folder) for folder in FOLDERS)
    entries = (entry for folder in folders for entry in folder.iterdir())
    served = (entry for entry in entries if PurePosixPath(entry.name).suffix in _TYPES)
    return Statics(static_file(entry.name, entry.read_bytes()) for entry in served)


def static_file(name: str, raw: bytes) -> StaticFile:
    """Name a file by its bytes, and compress it."""
    path = PurePosixPath(name)
    digest = hashlib.sha256(raw).hexdigest()[:8]
    return StaticFile(
        name=name,
        address=f"{path.stem}.{digest}{path.suffix}",
        media_type=_TYPES[path.suffix],
        raw=raw,
        gzipped=gzip.compress(raw, 9, mtime=0),
    )


@router.api_route("/static/{address}", methods=["GET", "HEAD"])
async def static(address: str, request: Request) -> Response:
    """Give a file, for good: other bytes have another address."""
    statics: Statics = request.app.state.shell.statics
    file = statics.find(address)
    if file is None:
        raise NotFound("there is no such file")
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        headers = {**_HEADERS, "Content-Encoding": "gzip"}
        return Response(file.gzipped, headers=headers, media_type=file.media_type)
    return Response(file.raw, headers=_HEADERS, media_type=file.media_type)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a caller takes gzip.

    Source:
        RFC 9110, section 12.5.3 (Accept-Encoding): a quality of 0 refuses.
    """
    for asked in accept_encoding.lower().split(","):
        name, _, quality = asked.replace(" ", "").partition(";q=")
        if name == "gzip":
            return quality.strip("0.") != "" or not quality
    return False
