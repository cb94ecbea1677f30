"""The forms of the API's answers, for /docs and for those who generate clients."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.domain import ArrivalStatus, Channel, ClockStatus, DeliveryStatus


class SignalAnswer(BaseModel):
    """The most probable label of a single-choice head."""

    label: str
    probability: float = Field(ge=0, le=1)


class EvidenceAnswer(BaseModel):
    """The sentence that carries a label."""

    sentence: str = Field(description="In one line, without invisible characters.")
    field: Literal["subject", "text"] = Field(description="Which of the two it stands in.")
    start: int = Field(ge=0, description="Code points into the field, as it was sent.")
    end: int = Field(ge=0, description="The first code point behind the sentence.")
    weight: float = Field(
        ge=0, le=1, description="Its share among the message's sentences; near 1: it is no other."
    )


class PredictionAnswer(BaseModel):
    """What the model says about one message."""

    model_version: str
    intents: dict[str, float] = Field(description="Independent calibrated probabilities.")
    labels: list[str] = Field(description="Intents over their threshold, most probable first.")
    primary: str = Field(description="The most probable intent that counts; of all, if none does.")
    confidence: float = Field(ge=0, le=1, description="The probability of the primary intent.")
    abstained: bool = Field(description="Whether it is left to a person: no intent counts.")
    abstained_because: Literal["low_confidence", "unsupported_language"] | None
    out_of_scope: float = Field(
        ge=0, le=1, description="How sure it is that the sender wishes nothing the model knows."
    )
    signals: dict[str, SignalAnswer]
    language: str = Field(description="ISO 639-1, or `und`.")
    truncated: bool = Field(description="Whether the text was longer than the model reads.")
    evidence: dict[str, EvidenceAnswer] | None = Field(
        None,
        description="By label; of the primary intent, if none counts. Only where it was asked for, "
        "or a receiver was told of the message.",
    )


class ClassifyAnswer(BaseModel):
    """Predictions in the order of the texts."""

    predictions: list[PredictionAnswer]


class DecisionAnswer(BaseModel):
    """What is done about a message, and why."""

    route: str
    rule: str
    reasons: list[str]
    endpoints: list[str] = Field(description="Names of the endpoints that hear of it.")
    event_type: str
    policy_sha256: str
    priority: str = "normal"
    pool: str | None = Field(None, description="Of the owners, one of whom is named.")
    clock: str | None = Field(None, description="The policy's reply clock that was started.")
    playbook: str = Field("", description="What to do next, for the person who reads.")


class ReplyClockAnswer(BaseModel):
    """One message's promise of a reply."""

    id: str
    message_id: str
    rule: str
    route: str
    clock: str = Field(description="Its name in the policy.")
    pool: str | None
    owner: str | None = Field(description="Whose turn it is, or was when it was settled.")
    account: str | None = Field(description="Domain of the company that wrote.")
    level: int = Field(description="How often the time ran out.")
    started_at: str
    promised_at: str = Field(description="By when the first owner had to take it.")
    due_at: str = Field(description="By when the present one has to.")
    next_at: str | None = Field(description="When something happens next, while it runs.")
    status: ClockStatus
    settled_at: str | None
    settled_by: str | None


class DeliveryNamed(BaseModel):
    """A delivery that an accepted message began."""

    id: str
    endpoint: str = Field(description="The endpoint's id.")


class AcceptedAnswer(BaseModel):
    """A message that is stored, with everything that follows from it."""

    id: str
    received_at: str
    prediction: PredictionAnswer
    decision: DecisionAnswer
    reply_by: str | None = Field(description="When a person has promised to have taken it, if so.")
    deliveries: list[DeliveryNamed]
    warnings: list[str]


class SenderAnswer(BaseModel):
    """Who wrote."""

    email: str | None
    name: str | None


class AttemptAnswer(BaseModel):
    """One HTTP try of a delivery."""

    number: int
    started_at: str
    status_code: int | None
    error_code: str | None
    duration_ms: float


class DeliveryAnswer(BaseModel):
    """One event on its way to one endpoint."""

    id: str
    message_id: str
    endpoint: str = Field(description="The endpoint's id.")
    event_type: str
    status: DeliveryStatus
    attempts: int = Field(description="Tries begun since it was made, or last replayed.")
    next_attempt_at: str | None = Field(description="Where it is pending.")
    created_at: str


class DeliveryHistory(DeliveryAnswer):
    """A delivery, and every try of it."""

    history: list[AttemptAnswer]


class MessageAnswer(BaseModel):
    """A stored message, whole."""

    id: str
    channel: Channel
    subject: str
    text: str
    sender: SenderAnswer
    thread_id: str | None
    message_id: str | None
    source: str
    received_at: str
    created_at: str
    prediction: PredictionAnswer
    decision: DecisionAnswer
    facts: dict[str, Any] | None = Field(
        description="What is known beside the text: thread, signature, attachments, machine mail."
    )
    reply: ReplyClockAnswer | None = Field(description="Where a reply is promised.")
    deliveries: list[DeliveryHistory]
    warnings: list[str]


class DeliveriesAnswer(BaseModel):
    """A page of deliveries, newest first."""

    deliveries: list[DeliveryAnswer]
    before: str | None = Field(description="Give this as `before` for the next page, if any.")


class ReplayedAnswer(BaseModel):
    """How many deliveries are sent again."""

    replayed: int
    more: bool = Field(description="The limit was reached: there may be more.")


class ArrivalAnswer(BaseModel):
    """What a provider sent, and how it stands."""

    id: str
    source: str
    sha256: str = Field(description="Of the body, in hex.")
    received_at: str
    status: ArrivalStatus
    attempts: int = Field(description="To read it.")
    error_code: str | None = Field(description="Why it could not be read.")
    bytes: int | None = Field(description="Of the body; null once it is no longer kept.")
    message_ids: list[str] = Field(description="The messages that came of it.")


class ArrivalsAnswer(BaseModel):
    """A page of arrivals, newest first."""

    arrivals: list[ArrivalAnswer]
    before: str | None = Field(description="Give this as `before` for the next page, if any.")


class LiveAnswer(BaseModel):
    """The process answers."""

    alive: bool


class ReadyAnswer(BaseModel):
    """Whether messages can be taken, and the state of each part that it needs."""

    ready: bool
    model: str
    model_version: str | None
    database: str
    schema_: str = Field(alias="schema")
    worker: str
    mailroom: str
    timekeeper: str
    accountant: str
    disk: str
    policy: str = Field(description="`refused`: a changed file is bad; the one before is in force.")
    sqlite_version: str | None = None
