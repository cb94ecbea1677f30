"""What the pages behind links say: of a message, of its reply, and of what a person did."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.api.page_html import Choice, Form, View
from app.domain import ClockStatus, Feedback, FeedbackKind, ReplyClock, Stored
from app.replies.links import Action, Ticket
from app.routing.owners import Owner
from app.storage.clocks import LAPSED
from models.labels import OTHER

BY_LINK = "link"  # who did something by a link that was written for nobody in particular
NONE_OF_THESE = "none"  # the value of its box; an intent of that name would be shadowed by it
_MAX_QUOTE_CHARS = 500
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))

UNKNOWN = View(
    title="This link opens nothing",
    sentence="Check that it was copied whole, or open the alert and follow its link again.",
    status=404,
)
EXPIRED = View(
    title="This link has run out",
    sentence="Links hold for some weeks. The message itself is kept: ask whoever runs Inlet.",
    status=410,
)
LATER = View(
    title="Not just now",
    sentence="We cannot answer at the moment. Reload this page in a minute: doing a thing twice "
    "does no harm.",
    status=503,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A link that holds, with everything that its page may tell."""

    ticket: Ticket
    stored: Stored
    clock: ReplyClock | None
    feedback: Feedback | None  # the last there is of the message
    owners: Mapping[str, Owner]  # of the policy in force
    personal_data: bool  # whether sender, subject and text may be shown
    now: datetime

    def named(self, by: str | None) -> str:
        """Name who did or has something, as people would."""
        if by is None or by == BY_LINK:
            return "somebody"
        return self.owners[by].name if by in self.owners else by


def offered(opened: Opened) -> View:
    """Show what a link would do, and let a person do it."""
    if opened.ticket.action is Action.WRONG_LABEL:
        return _with_facts(opened, _asked(opened))
    if opened.ticket.action is Action.NOT_A_LEAD:
        return _with_facts(opened, _not_a_lead(opened))
    return taken(opened)


def taken(opened: Opened) -> View:
    """Tell who has a message, or offer it where nobody does."""
    return _with_facts(opened, _taken(opened, opened.clock))


def noted(opened: Opened) -> View:
    """Thank for feedback, and say what came of it."""
    thanks = View(title="Noted, thank you", sentence=_aftermath(opened))
    if opened.ticket.action is Action.WRONG_LABEL:
        thanks = replace(thanks, form=_labels_form(opened, button="Change it"))
    return _with_facts(opened, thanks)


def asked_again(opened: Opened, problem: str) -> View:
    """Say what is wrong with the boxes that were ticked."""
    form = replace(_labels_form(opened, button="Send"), problem=problem)
    return _with_facts(opened, replace(_asked(opened), form=form, status=422))


def _taken(opened: Opened, clock: ReplyClock | None) -> View:
    if clock is None:
        return View(
            title="Nothing to take",
            sentence="No reply clock runs for this message, so nobody waits for an answer here.",
        )
    if clock.status is ClockStatus.RUNNING:
        return View(
            title="Take this message?",
            sentence=f"It will be noted that {opened.named(opened.ticket.owner)} answers it.",
            form=Form(button="I take it", at_once=True),
        )
    if clock.status is ClockStatus.ACKNOWLEDGED:
        return _acknowledged(opened, clock)
    if clock.settled_by == LAPSED:
        return View(
            title="Nobody took it in time",
            sentence="Nobody is called for this message any more. If it was never answered, "
            "it still should be.",
        )
    return View(title="Nothing to take", sentence=f"{_settled(opened, clock, 'closed it')}.")


def _acknowledged(opened: Opened, clock: ReplyClock) -> View:
    title = "Somebody has it already"
    if clock.settled_by == (opened.ticket.owner or BY_LINK):
        title = "Yours now" if opened.ticket.owner else "Taken"
    return View(title=title, sentence=f"{_settled(opened, clock, 'took it')}.")


def _settled(opened: Opened, clock: ReplyClock, did: str) -> str:
    when = _span(opened.now - clock.settled_at) if clock.settled_at else ""
    who = opened.named(clock.settled_by)
    return f"{who[:1].upper()}{who[1:]} {did} {when or 'less than a minute'} ago"


def _asked(opened: Opened) -> View:
    return View(
        title="What does it ask for?",
        sentence="Tick what the sender wants. The model learns from it.",
        form=_labels_form(opened, button="Send"),
    )


def _labels_form(opened: Opened, *, button: str) -> Form:
    said = opened.feedback.labels if opened.feedback else None
    intents = [intent for intent in opened.stored.prediction["intents"] if intent != OTHER]
    boxes = [Choice(value=one, words=_words(one), ticked=one in (said or ())) for one in intents]
    none = said is not None and not set(said).intersection(intents)
    boxes.append(Choice(value=NONE_OF_THESE, words="None of these", ticked=none))
    return Form(button=button, question="The sender wants", choices=tuple(boxes))


def _not_a_lead(opened: Opened) -> View:
    if opened.feedback is not None and opened.feedback.kind is FeedbackKind.NOT_A_LEAD:
        return View(title="Noted, thank you", sentence=_aftermath(opened))
    return View(
        title="Not a lead?",
        sentence="Nobody will be called for this message any more.",
        form=Form(button="It is not a lead", at_once=True),
    )


def _aftermath(opened: Opened) -> str:
    """Say how the reply stands after feedback."""
    clock = opened.clock
    if clock is None:
        return "The model learns from what you say."
    if clock.status is ClockStatus.RUNNING:
        return "A reply is still waited for: it needs one whatever it is called."
    if clock.status is ClockStatus.ACKNOWLEDGED:
        return f"{opened.named(clock.settled_by)} has the message."
    return "Nobody is called for this message any more."


def _with_facts(opened: Opened, view: View) -> View:
    """Add what the message is, as far as it may be shown."""
    stored = opened.stored
    facts = [("Route", stored.decision["route"]), ("Wants", _wants(stored))]
    if opened.clock is not None and opened.clock.status is ClockStatus.RUNNING:
        facts.append(("Turn", opened.named(opened.clock.owner)))
        facts.append(("Time", _left(opened.clock.due_at - opened.now)))
    if not opened.personal_data:
        return replace(view, facts=tuple(facts))
    message = stored.message
    sender = " · ".join(part for part in (message.sender.name, message.sender.email) if part)
    facts += [(name, value) for name, value in (("From", sender), ("Subject", message.subject))]
    quote = message.text[:_MAX_QUOTE_CHARS]
    more = "…" if len(message.text) > _MAX_QUOTE_CHARS else ""
    shown = tuple((name, value) for name, value in facts if value)
    return replace(view, facts=shown, quote=quote + more)


def _wants(stored: Stored) -> str:
    intents: Mapping[str, float] = stored.prediction["intents"]
    labels = stored.prediction.get("labels") or ()
    told = ", ".join(f"{_words(label)} ({intents[label]:.0%})" for label in labels)
    return told or "not sure"


def _words(label: str) -> str:
    return label.replace("_", " ")


def _left(rest: timedelta) -> str:
    if rest < timedelta(0):
        return f"{_span(-rest) or 'less than a minute'} over"
    return f"{_span(rest) or 'less than a minute'} left"


def _span(time: timedelta) -> str:
    """Say how long a time is, in its largest whole unit; empty where it is under a minute."""
    seconds = int(time.total_seconds())
    for size_s, unit in _UNITS:
        count = seconds // size_s
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return ""
