"""What /metrics shows; every label is from a closed set, never from input."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.domain import Answer, ArrivalStatus, DeliveryStatus
from app.storage.account import Account
from app.webhook.breaker import Transition

UNMATCHED = "unmatched"  # the route label of a path that no route has
_FAILURES = frozenset(  # what app.webhook.sender and the worker call them
    {"blocked_address", "too_large", "timeout", "dns_error", "connection_refused", "tls_error"}
    | {"protocol_error", "redirect", "internal_error"}
)
_CLASSES = {2: "delivered", 4: "4xx", 5: "5xx"}  # a redirect is a failure with a name
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The service's meters in one registry of their own, so that tests do not share any."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Counter(
            "inlet_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._duration = Histogram(
            "inlet_http_request_duration_seconds",
            "From the first header read to the last byte of the answer.",
            ("method", "route"),
            registry=registry,
        )
        self._accepted = Counter(
            "inlet_messages_accepted", "Messages stored and acknowledged.", registry=registry
        )
        self._attempts = Counter(
            "inlet_delivery_attempts",
            "Attempts of this process's worker: delivered, the class of a refusal, or an error.",
            ("result",),
            registry=registry,
        )
        self._transitions = Counter(
            "inlet_endpoint_transitions",
            "Endpoints that this process's worker left alone, closed again or gave up.",
            ("to",),
            registry=registry,
        )
        self._arrivals = Gauge(
            "inlet_arrivals",
            "What providers sent, by how it stands.",
            ("status",),
            registry=registry,
        )
        self._deliveries = Gauge(
            "inlet_deliveries", "Deliveries kept, by status.", ("status",), registry=registry
        )
        self._oldest_due = Gauge(
            "inlet_oldest_due_delivery_age_seconds",
            "How long the oldest delivery that is due has been waiting; 0 where none is.",
            registry=registry,
        )
        self._make_account(registry)
        self._waiting = Gauge(
            "inlet_predictions_waiting", "Messages waiting for the model.", registry=registry
        )
        self._database_up = Gauge(
            "inlet_database_up", "1 where the database answered this scrape.", registry=registry
        )

    def _make_account(self, registry: CollectorRegistry) -> None:
        self._promised = Gauge(
            "inlet_deliveries_accepted",
            "Deliveries that were promised, counted apart from those that are kept.",
            registry=registry,
        )
        self._unaccounted = Gauge(
            "inlet_deliveries_unaccounted",
            "Deliveries promised that are not kept, at the last check; must be 0.",
            registry=registry,
        )
        self._promised.set(float("nan"))  # nobody has looked yet
        self._unaccounted.set(float("nan"))

    def count_request(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Note one answered request."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._duration.labels(method, route).observe(duration_s)

    def count_accepted(self) -> None:
        """Note one message that was stored; a repeat of an earlier one is none."""
        self._accepted.inc()

    def count_attempt(self, answer: Answer) -> None:
        """Note what came of one attempt at a delivery."""
        self._attempts.labels(_result_of(answer)).inc()

    def count_transition(self, transition: Transition) -> None:
        """Note that an endpoint was left alone, or is well again."""
        self._transitions.labels(transition.value).inc()

    def show_account(self, account: Account) -> None:
        """Show whether every delivery that was promised is kept."""
        self._promised.set(account.accepted)
        self._unaccounted.set(account.unaccounted)

    def show_waiting(self, waiting: int) -> None:
        """Show the length of the model's queue."""
        self._waiting.set(waiting)

    def show_arrivals(self, counts: Mapping[ArrivalStatus, int]) -> None:
        """Set how many requests of providers stand where."""
        for status, count in counts.items():
            self._arrivals.labels(status.value).set(count)

    def show_deliveries(
        self, counts: Mapping[DeliveryStatus, int], oldest_due_age_s: float
    ) -> None:
        """Show the outbox as the database has it."""
        self._database_up.set(1)
        for status, count in counts.items():
            self._deliveries.labels(status.value).set(count)
        self._oldest_due.set(max(0.0, oldest_due_age_s))

    def show_database_down(self) -> None:
        """Show that the outbox could not be read; no stale figures stay."""
        self._database_up.set(0)
        self._deliveries.clear()
        self._arrivals.clear()
        self._oldest_due.set(float("nan"))

    def render(self) -> bytes:
        """Give the text that Prometheus reads."""
        return generate_latest(self._registry)


def _result_of(answer: Answer) -> str:
    """Name an attempt's outcome, from a closed set."""
    if answer.error_code in _FAILURES:
        return str(answer.error_code)
    return _CLASSES.get((answer.status_code or 0) // 100, "other")
