from dataclasses import replace

import pytest

from app.domain import Decision
from app.routing.aside import LATELY, TOLD, told_before, told_lately

DECISION = Decision(
    route="success",
    rule="a customer may leave",
    reasons=("churn_risk 0.93 reaches the model's threshold",),
    endpoints=("success",),
    event_type="churn.detected",
    policy_sha256="0" * 64,
    pool="success",
    clock="hour",
    playbook="Call them.",
)


@pytest.mark.parametrize(("quietly", "reason"), [(told_before, TOLD), (told_lately, LATELY)])
def test_a_decision_of_which_nobody_is_told_stands_with_its_reason(quietly, reason):
    assert quietly(DECISION) == replace(
        DECISION, endpoints=(), pool=None, clock=None, reasons=(*DECISION.reasons, reason)
    )
