import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.calibration import Calibration, fit_calibration, probabilities
from models.labels import Head

MULTI = Head("intents", ("a", "b"), "multi")
SINGLE = Head("urgency", ("low", "normal", "high"), "single")


def test_platt_scaling_recovers_the_slope_and_shift_that_made_the_data():
    random = np.random.default_rng(1)
    logits = random.normal(0, 3, (20_000, 2)).astype(np.float32)
    truth = 1 / (1 + np.exp(-(np.array([0.5, 2.0]) * logits + np.array([-1.0, 0.3]))))
    targets = (random.random(truth.shape) < truth).astype(np.float32)

    fit = fit_calibration(MULTI, logits, targets)

    assert fit.slopes == pytest.approx((0.5, 2.0), rel=0.06)
    assert fit.shifts == pytest.approx((-1.0, 0.3), abs=0.08)


def test_platt_scaling_agrees_with_scikit_learn():
    random = np.random.default_rng(2)
    logits = random.normal(0, 2, (4_000, 2)).astype(np.float32)
    targets = (random.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.float32)

    fit = fit_calibration(MULTI, logits, targets)
    oracle = LogisticRegression(C=np.inf).fit(logits[:, :1], targets[:, 0])

    assert fit.slopes[0] == pytest.approx(oracle.coef_[0, 0], rel=0.02)
    assert fit.shifts[0] == pytest.approx(oracle.intercept_[0], abs=0.02)


def test_temperature_recovers_the_one_that_made_the_data():
    random = np.random.default_rng(3)
    logits = random.normal(0, 4, (20_000, 3)).astype(np.float32)
    scaled = np.exp(0.4 * logits)
    shares = scaled / scaled.sum(axis=1, keepdims=True)
    chosen = (random.random((len(shares), 1)) > shares.cumsum(axis=1)).sum(axis=1)

    fit = fit_calibration(SINGLE, logits, np.eye(3, dtype=np.float32)[chosen])

    assert fit.slopes == pytest.approx((0.4,) * 3, rel=0.05)
    assert fit.shifts == (0.0,) * 3


@pytest.mark.parametrize("head", [MULTI, SINGLE], ids=lambda head: head.kind)
def test_few_or_separable_rows_do_not_run_away(head):
    width = len(head.labels)
    logits = np.linspace(-8, 8, 10 * width).reshape(10, width).astype(np.float32)
    targets = np.eye(width, dtype=np.float32)[np.arange(10) % width]

    fit = fit_calibration(head, logits, targets)

    assert all(0.05 <= slope <= 10 for slope in fit.slopes)
    assert np.isfinite(fit.shifts).all()


def test_without_rows_nothing_is_changed():
    empty = np.zeros((0, 2), dtype=np.float32)

    assert fit_calibration(MULTI, empty, empty) == Calibration((1.0, 1.0), (0.0, 0.0))


def test_probabilities_stay_in_their_range_for_any_logit():
    extreme = np.array([[1e30, -1e30, 0.0]], dtype=np.float32)

    one = probabilities(SINGLE, extreme, Calibration.identity(3))
    many = probabilities(
        Head("intents", ("a", "b", "c"), "multi"), extreme, Calibration.identity(3)
    )

    assert one.sum() == pytest.approx(1.0)
    assert ((many >= 0) & (many <= 1)).all()
    assert np.isfinite(one).all()
