"""How far a sample came at the service's door, step by step: pure, read from its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.inbound.payload import list_at, text_at, value_at
from app.inbound.samples.values import PARSED, VERIFIED, Sample
from app.inbound.values import Keys, Source

SENT, KEPT = "sent", "kept"
KEY_MEND = (
    "give an API key with --key or INLET_API_KEY; "
    "`inlet keys create NAME --scope messages:write --scope messages:read` makes one"
)
_LOG_MEND = "see the service's log, and `inlet doctor`"
_BY_API_KEY = ("email", "chat")  # sources without keys of their own
_SIGNED_URLS = ("mandrill", "twilio")  # these sign the address that they call


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step came to."""

    name: str
    words: str  # for a person
    facts: Mapping[str, Any] = field(default_factory=dict)  # for a script
    mend: str = ""  # what to do about a step that failed; empty where it did not

    @property
    def failed(self) -> bool:
        """Whether the trace ends here, before its end."""
        return bool(self.mend)

    def as_dict(self) -> dict[str, Any]:
        """Give its JSON form."""
        mend = {"mend": self.mend} if self.failed else {}
        return {"step": self.name, "ok": not self.failed, "words": self.words, **self.facts, **mend}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the service answered to one call."""

    status: int  # 0 where there was no answer
    told: object = None  # its JSON; None where it was none
    duration_ms: float = 0.0

    @property
    def is_taken(self) -> bool:
        """Whether it did what was asked."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The stable code of a problem; empty where it is none."""
        return text_at(self.told, "code")

    @property
    def detail(self) -> str:
        """What the service says of a problem."""
        return text_at(self.told, "detail") or (f"HTTP {self.status}" if self.status else "silence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is sent, and with which of our keys."""

    source: Source
    keys: Keys
    sample: Sample
    with_api_key: bool


def variable(source: Source, key: str) -> str:
    """Name the variable of a source's key: secret, auth or topics."""
    name = source.name.removesuffix("-es").upper()  # both Dialogflows have one key
    return f"INLET_{name}_{key.upper()}"


def needed(source: Source) -> str:
    """Name the variables that switch a source on; empty where it always is."""
    if source.name in _BY_API_KEY:
        return ""
    either = " or ".join(variable(source, key) for key in ("secret", "auth"))
    return " and ".join(variable(source, key) for key in source.needs) or either


def sent(asked: Asked, answer: Answered) -> Step:
    """Say whether a service with this source answered."""
    facts = {"status": answer.status, "ms": round(answer.duration_ms, 1)}
    words, mend = f"HTTP {answer.status} in {answer.duration_ms:.0f} ms", ""
    if not answer.status:
        words, mend = "no answer", "start `inlet serve`, or say where the service is with --url"
    elif answer.status >= 300 and not answer.code:
        mend = "what answers there is not Inlet: say where it is with --url"
    elif answer.status == 404:
        mend = f"{asked.source.name} is not on there: {_switched_on(asked.source)}"
    elif answer.status >= 500:
        words, mend = f"{words}: {answer.detail}", _LOG_MEND
    return Step(name=SENT, words=words, facts=facts, mend=mend)


def verified(asked: Asked, answer: Answered) -> Step:
    """Say whether the request was taken for the vendor's own, and which secret disagrees."""
    limit = asked.sample.limit
    is_unsigned = limit is not None and limit.step == VERIFIED
    if answer.code in ("unauthenticated", "forbidden"):
        return Step(name=VERIFIED, words=answer.detail, mend=KEY_MEND)
    if answer.code == "not_authentic":
        mend = limit.why if limit and is_unsigned else _disagreeing(asked, answer.detail)
        return Step(name=VERIFIED, words=f"refused: {answer.detail}", mend=mend)
    if is_unsigned and answer.is_taken:
        mend = f"the service runs without {variable(asked.source, 'secret')}: set it there too"
        return Step(name=VERIFIED, words="taken, although it is not signed", mend=mend)
    return Step(name=VERIFIED, words=f"by {_proof(asked)}")


def kept(answer: Answered, arrivals: Answered) -> Step:
    """Say under which id the request was kept.

    Args:
        answer: To the sample.
        arrivals: Of `GET /v1/arrivals`, those of the sample's body.
    """
    arrival = _first(arrivals)
    arrival_id, size = text_at(arrival, "id"), value_at(arrival, "bytes")
    if not answer.is_taken:
        return Step(name=KEPT, words=answer.detail, mend=_LOG_MEND)
    if not arrivals.is_taken:
        mend = f"it was taken; to see what becomes of it, {KEY_MEND}"
        return Step(name=KEPT, words=arrivals.detail, mend=mend)
    if not arrival_id:
        return Step(name=KEPT, words="it was taken, but nothing is kept", mend=_LOG_MEND)
    facts = {"id": arrival_id, "bytes": size}
    return Step(name=KEPT, words=f"{arrival_id}, {size} bytes", facts=facts)


def answered(answer: Answered) -> Step:
    """Say what a platform that waits was answered; nothing is kept to be read later."""
    if not answer.is_taken:
        return Step(name=KEPT, words=answer.detail, mend=_LOG_MEND)
    message_id = text_at(answer.told, "message_id") or None
    words = ", ".join(filter(None, ("read and answered at once", message_id)))
    return Step(name=KEPT, words=words, facts={"message_id": message_id})


def unread(asked: Asked, arrivals: Answered) -> Step:
    """Say why no message came of what was kept."""
    arrival, limit = _first(arrivals), asked.sample.limit
    facts = {"status": text_at(arrival, "status"), "error_code": text_at(arrival, "error_code")}
    mend = limit.why if limit is not None and limit.step == PARSED else _LOG_MEND
    words = ": ".join(filter(None, facts.values()))
    return Step(name=PARSED, words=words, facts=facts, mend=mend)


def is_read(arrivals: Answered) -> bool:
    """Whether no more can come of what was kept; nor can it where nothing was."""
    return text_at(_first(arrivals), "status") != "waiting"


def message_of(arrivals: Answered) -> str:
    """Give the id of the message that came of what was kept; empty where none did."""
    ids = list_at(_first(arrivals), "message_ids")
    return str(ids[0]) if ids else ""


def _first(arrivals: Answered) -> object:
    return next(iter(list_at(arrivals.told, "arrivals")), None)


def _switched_on(source: Source) -> str:
    names = needed(source)
    if not names:
        return "that Inlet is older than this one"
    return f"set {names} for the service and start it again"


def _proof(asked: Asked) -> str:
    """Name what proved the request."""
    names = []
    if asked.keys.secret and "secret" in (asked.source.needs or ("secret",)):
        names.append(variable(asked.source, "secret"))
    if asked.sample.headers.get("authorization", "").startswith("Basic "):
        names.append(variable(asked.source, "auth"))
    shown = "the API key" if asked.with_api_key else "nothing: the service asks for no API key"
    return " and ".join(names) or shown


def _disagreeing(asked: Asked, detail: str) -> str:
    """Say which secret is not the service's, as far as its sentence tells."""
    if "signed time" in detail:
        return "the clocks of this machine and of the service's are apart: set them"
    is_password = "password" in detail and asked.keys.auth is not None
    name = variable(asked.source, "auth" if is_password else "secret")
    also = " (or INLET_PUBLIC_URL)" if asked.source.name in _SIGNED_URLS else ""
    return f"{name}{also} is not the same here and in the service"
