"""A mail on its way in: the bytes between DATA and the line with the lone dot."""

_EOL, _DOT, _END = b"\r\n", b"\r\n.", b"\r\n.\r\n"
_EMPTY = "554 5.6.0 The mail is empty"


class Incoming:
    """Collects a mail from chunks, and once it is refused keeps no more than finding its end takes.

    Only CR LF . CR LF ends a mail: what other servers take for an end as well lets one mail hide
    another. Lines may be long: memory is bounded by the mail's size alone.

    Source:
        RFC 5321, 2.3.8 (only CR LF ends a line) and 4.5.2 (the dot before a line's own dot).
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes  # the dots that transport added are not counted (RFC 1870)
        self._raw = bytearray(_EOL)  # so that the first line begins like the others
        self._dots = 0
        self._refusal: str | None = None
        self.received_bytes = 0

    @property
    def held_bytes(self) -> int:
        """What it takes of the memory now."""
        return len(self._raw)

    def refuse(self, answer: str) -> None:
        """Let go what came, and whatever comes; the first answer stands."""
        self._refusal = self._refusal or answer
        del self._raw[: -len(_END)]

    def take(self, chunk: bytes) -> bytes | None:
        """Add a chunk; give what came behind the mail's end, or None where that is yet to come."""
        before = len(self._raw)
        self._raw += chunk
        self.received_bytes += len(chunk)
        end = self._raw.find(_END, max(0, before - len(_END) + 1))
        rest = None if end < 0 else bytes(memoryview(self._raw)[end + len(_END) :])
        if rest is not None:
            del self._raw[end + len(_EOL) :]
        self._dots += self._raw.count(_DOT, max(0, before - len(_DOT) + 1))
        if self._refusal or len(self._raw) - self._dots > self._max_bytes + 2 * len(_END):
            self.refuse(self._too_large())  # the end may be there in part: `mail` counts exactly
        return rest

    def mail(self) -> bytes | str:
        """Give the mail as it was before transport, or the answer of its refusal."""
        if self._refusal is not None:
            return self._refusal
        whole = bytes(memoryview(self._raw.replace(_DOT, _EOL))[len(_EOL) :])
        if len(whole) > self._max_bytes:
            return self._too_large()
        return whole if whole.strip() else _EMPTY

    def _too_large(self) -> str:
        return f"552 5.3.4 No mail may have more than {self._max_bytes} bytes"
