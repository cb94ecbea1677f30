"""Which sentence of a message carries a label: what is missed without it, what it says alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.prediction import Prediction
from models.text.compose import compose_text
from models.text.sentences import Span, split_sentences
from models.types import Floats

MAX_CANDIDATES = 4  # sentences of one message whose removal is tried: more found no other sentence
MAX_LABELS = 8  # of one message, the first ones
BLOCK_CHARS = 1_200  # of a long text, scored with and without each of its sentences
ALONE_SHARE = 0.5  # what a sentence says alone, beside what its removal costs
_SURE = 5e-5  # predictions are rounded to four digits: nothing is nearer to 0 or 1
_JOINERS = "\u200c\u200d"  # carry meaning: Persian words, emoji sequences

Score = Callable[[Sequence[str]], Sequence[Mapping[str, float]]]
"""From composed texts to the calibrated probability of every label of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A message, and the labels whose sentences are looked for."""

    subject: str
    text: str
    labels: tuple[str, ...]
    said: Mapping[str, float] | None = None  # of subject and text, where that is known

    @classmethod
    def about(
        cls, subject: str, text: str, prediction: Prediction, *, is_all: bool = True
    ) -> "Asked":
        """Ask for the labels that were found; for the most probable one where none was.

        Args:
            subject: As it was sent.
            text: As it was sent.
            prediction: Of them.
            is_all: The model read nothing else, so that it need not read them again.
        """
        labels = prediction.labels or (prediction.primary,)
        said = prediction.intents if is_all else None
        return cls(subject=subject, text=text, labels=labels, said=said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The sentence that carries a label, and where it stands in what was sent."""

    sentence: str  # in one line, without invisible characters
    field: str  # subject or text
    start: int  # code points into that field, as it was sent
    end: int
    weight: float  # in (0, 1]: its share among the message's sentences; near 1, it is no other

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "sentence": self.sentence,
            "field": self.field,
            "start": self.start,
            "end": self.end,
            "weight": self.weight,
        }


def explained(prediction: Prediction, evidence: Mapping[str, Evidence]) -> dict[str, Any]:
    """Give the JSON form of a prediction with its evidence, by label."""
    found = {label: one.as_dict() for label, one in evidence.items()}
    return {**prediction.as_dict(), "evidence": found}


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence, and the part of the message that it is taken out of."""

    field: str
    span: Span
    alone: str  # composed, as are the next two
    context: str
    without: str  # the context without the sentence


def find_evidence(messages: Sequence[Asked], score: Score) -> list[dict[str, Evidence]]:
    """Name for each label of each message the sentence that carries it.

    A sentence's merit for a label is what its removal costs the label's log-odds, plus
    ALONE_SHARE times the log-odds of the sentence alone; its weight is its share of the softmax
    of the merits. All texts of all messages are scored in one batch. Only a message of more than
    MAX_CANDIDATES sentences needs one before it: all its sentences alone, of which those go on
    that say most of each label. In a text of more than BLOCK_CHARS characters a sentence is taken
    out of its neighbourhood, not out of the whole.

    Args:
        messages: As they were sent.
        score: Gives the probabilities of composed texts, in one batch.

    Returns:
        For each message the evidence by label. A message without a visible character has none.
    """
    sentences = [_sentences(one) if one.labels else [] for one in messages]
    scores = _Scores(score)
    for one in messages:
        scores.know(compose_text(one.subject, one.text), one.said)
    scores.ask(one.alone for some in sentences if len(some) > MAX_CANDIDATES for one in some)
    chosen = [
        _candidates(some, one.labels[:MAX_LABELS], scores)
        for some, one in zip(sentences, messages, strict=True)
    ]
    scores.ask(
        text
        for some in chosen
        if len(some) > 1  # one sentence carries all there is
        for one in some
        for text in (one.context, one.without, one.alone)
    )
    return [_evidence(one, some, scores) for one, some in zip(messages, chosen, strict=True)]


class _Scores:
    """Log-odds of texts by label, each text scored once."""

    def __init__(self, score: Score) -> None:
        self._score = score
        self._known: dict[str, Mapping[str, float]] = {}

    def know(self, text: str, said: Mapping[str, float] | None) -> None:
        """Keep what was said of a text before."""
        if said is not None:
            self._known[text] = said

    def ask(self, texts: Iterator[str]) -> None:
        """Score the texts that are not known, in one batch."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._score(new), strict=True))

    def of(self, texts: Sequence[str], label: str) -> Floats:
        """Log-odds of one label. Shape: (texts,)."""
        shares = np.clip([self._known[text][label] for text in texts], _SURE, 1 - _SURE)
        return np.asarray(np.log(shares / (1 - shares)), dtype=np.float32)


def _candidates(
    sentences: list[_Sentence], labels: Sequence[str], scores: _Scores
) -> list[_Sentence]:
    """Of too many sentences, keep those that alone say most of a label, as many for each."""
    if len(sentences) <= MAX_CANDIDATES:
        return sentences
    alone = [one.alone for one in sentences]
    most = max(1, MAX_CANDIDATES // len(labels))
    kept: set[int] = set()
    for label in labels:
        kept.update(np.argsort(-scores.of(alone, label), kind="stable")[:most].tolist())
    return [sentences[i] for i in sorted(kept)]


def _evidence(
    message: Asked, sentences: Sequence[_Sentence], scores: _Scores
) -> dict[str, Evidence]:
    if not sentences:
        return {}
    return {
        label: _best(message, sentences, _merits(sentences, label, scores))
        for label in message.labels[:MAX_LABELS]
    }


def _merits(sentences: Sequence[_Sentence], label: str, scores: _Scores) -> Floats:
    """How much each sentence carries a label. Shape: (sentences,)."""
    if len(sentences) == 1:
        return np.zeros(1, dtype=np.float32)
    context, without, alone = (
        scores.of([getattr(one, part) for one in sentences], label)
        for part in ("context", "without", "alone")
    )
    return np.asarray(context - without + ALONE_SHARE * alone, dtype=np.float32)


def _best(message: Asked, sentences: Sequence[_Sentence], merits: Floats) -> Evidence:
    """The sentence of the highest merit; of equals, the first."""
    best = int(merits.argmax())
    field, span = sentences[best].field, sentences[best].span
    raw = message.subject if field == "subject" else message.text
    shares = np.exp(merits - merits.max())
    return Evidence(
        sentence=_in_one_line(raw[span.start : span.end]),
        field=field,
        start=span.start,
        end=span.end,
        weight=round(float(1 / shares.sum()), 4),
    )


def _sentences(message: Asked) -> list[_Sentence]:
    """Every sentence of a message, those of the text first: of equals a reader wants that one."""
    subject, text = message.subject, message.text
    blocks = list(_blocks(text, split_sentences(text)))
    beginning = text[blocks[0][0].start : blocks[0][0].end] if blocks else ""
    found = [
        _taken_out("text", text, span, block, beside=subject if number == 0 else "")
        for number, (block, spans) in enumerate(blocks)
        for span in spans
    ]
    everything = Span(0, len(subject))
    return found + [
        _taken_out("subject", subject, span, everything, beside=beginning)
        for span in split_sentences(subject)
    ]


def _blocks(text: str, spans: Sequence[Span]) -> Iterator[tuple[Span, list[Span]]]:
    """Put neighbouring sentences together; a short text is one block, whole as it was sent."""
    if len(text) <= BLOCK_CHARS and spans:
        yield Span(0, len(text)), list(spans)
        return
    block: list[Span] = []
    for span in spans:
        if block and span.end - block[0].start > BLOCK_CHARS:
            yield Span(block[0].start, block[-1].end), block
            block = []
        block.append(span)
    if block:
        yield Span(block[0].start, block[-1].end), block


def _taken_out(field: str, raw: str, span: Span, block: Span, *, beside: str) -> _Sentence:
    """Compose what is scored of one sentence.

    Args:
        field: Which of the two the sentence stands in.
        raw: That field, whole.
        span: The sentence.
        block: The part of the field that it is taken out of.
        beside: What is read of the other field.
    """
    whole = raw[block.start : block.end]
    rest = f"{raw[block.start : span.start]}\n{raw[span.end : block.end]}"
    if field == "subject":
        context, without = compose_text(whole, beside), compose_text(rest, beside)
    else:
        context, without = compose_text(beside, whole), compose_text(beside, rest)
    return _Sentence(field, span, compose_text("", raw[span.start : span.end]), context, without)


def _in_one_line(raw: str) -> str:
    """Show a sentence as it was sent, but for what would not be seen or would move a cursor."""
    shown = (c for c in raw if c.isprintable() or c.isspace() or c in _JOINERS)
    return " ".join("".join(shown).split())
