"""What the operator wants: ordered rules, and the people, clocks and texts that they name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.domain import Priority
from app.routing.calendars import Calendar
from app.routing.clocks import ClockPlan
from app.routing.conditions import Condition
from app.routing.context import Context
from app.routing.owners import Owner, Pool
from models.prediction import Prediction

OTHERWISE = "otherwise"  # the name of the rule that takes what no other one holds for
UNSURE = "unsure"  # and of the one that takes what the model leaves to a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Tell of a contact or an account once in a while, and not once a mail."""

    of: str  # contact or account
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done about a message in which any of some intents counts and all conditions hold.

    A rule without intents holds by its conditions alone.
    """

    name: str
    intents: Mapping[str, float | None]  # probability from which each counts; None: the model's own
    route: str
    endpoints: tuple[str, ...]
    event_type: str
    conditions: tuple[Condition, ...] = ()
    priority: Priority = Priority.NORMAL
    pool: str | None = None
    clock: str | None = None
    playbook: str | None = None  # of the policy's playbooks; None: by the message's intent type
    once: Once | None = None
    history: int = 0  # earlier messages of the account that its receivers are told of
    line: int = field(default=0, compare=False)  # where it stands in the file

    def counted(self, prediction: Prediction) -> tuple[str, ...]:
        """Give the intents that count here, the most probable first; or none."""
        wanted = [intent for intent in self.intents if self._counts(intent, prediction)]
        return tuple(sorted(wanted, key=lambda intent: -prediction.intents[intent]))

    def _counts(self, intent: str, prediction: Prediction) -> bool:
        limit = self.intents[intent]
        if not prediction.readable:  # the numbers are a guess in a language it has not learnt
            return False
        if limit is None:
            return intent in prediction.labels
        return intent in prediction.intents and prediction.intents[intent] >= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message and what the policy must decide about it; kept in the policy's own file."""

    name: str
    context: Context
    expect: Mapping[str, Any]  # route, rule, event, priority, pool, clock, endpoints: any of them
    subject: str = ""
    text: str | None = None  # to ask the model about; None: the prediction is made up
    prediction: Prediction | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in the order they are asked, and what happens when none holds."""

    rules: tuple[Rule, ...]
    otherwise: Rule  # asks for no intent
    unsure: Rule | None = None  # where the model abstained; None: as otherwise
    sha256: str  # of the file's bytes: which policy took a decision
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    owners: Mapping[str, Owner] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)
    clocks: Mapping[str, ClockPlan] = field(default_factory=dict)
    playbooks: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)  # pools.sales -> its line

    @property
    def every_rule(self) -> tuple[Rule, ...]:
        """All rules in the order they are asked, `unsure` and `otherwise` at the end."""
        return (*self.rules, *((self.unsure,) if self.unsure else ()), self.otherwise)

    def rule(self, name: str) -> Rule | None:
        """Give a rule by its name, `otherwise` and `unsure` too."""
        return next((rule for rule in self.every_rule if rule.name == name), None)
