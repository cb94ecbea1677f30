import numpy as np
import pytest

from models.artifact import Manifest
from models.calibration import Calibration
from models.labels import Head
from training.dataset import Example
from training.promised import promise_table, promises_of

HEAD = Head("intents", ("demo", "price"), "multi")


def manifest(precision, channels=()):
    return Manifest(
        version="v",
        heads=(HEAD,),
        max_length=8,
        calibration={"intents": Calibration.identity(2)},
        thresholds={"demo": 0.6, "price": 0.5},
        channel_thresholds={channel: {"demo": 0.7, "price": 0.4} for channel in channels},
        facts={"config": {"precision": precision}} if precision is not None else {},
    )


def example(i, channel, *intents):
    labels = {"intents": intents}
    return Example(id=f"m-{i}", subject="", text="x", channel=channel, language="en", labels=labels)


TEST = [
    *(example(i, "chat", "demo") for i in range(6)),
    *(example(i + 6, "email", "demo") for i in range(4)),
    *(example(i + 10, "email", "price") for i in range(2)),
]
GIVEN = np.array([[True, False]] * 8 + [[False, False]] * 2 + [[True, False]] * 2)


def test_a_promise_stands_beside_what_its_threshold_gave():
    table = promise_table(manifest({"*": 0.8, "demo": 0.75}), GIVEN, TEST)

    demo, price = (table["labels"][label] for label in HEAD.labels)
    assert {k: v for k, v in demo.items() if k != "lower_bound"} == {
        **{"promised": 0.75, "threshold": 0.6, "support": 10, "given": 10, "right": 8},
        **{"precision": 0.8, "coverage": 0.8},
    }
    assert price["promised"] == 0.8
    assert (price["given"], price["precision"], price["lower_bound"]) == (0, None, None)
    assert price["coverage"] == 0.0
    assert table["channels"] == {}


def test_the_lower_bound_is_that_of_scipy():
    from scipy.stats import binomtest

    bound = promise_table(manifest(0.8), GIVEN, TEST)["labels"]["demo"]["lower_bound"]

    expected = binomtest(8, 10).proportion_ci(confidence_level=0.8, method="wilson").low
    assert bound == pytest.approx(expected, abs=1e-4)  # one-sided 90 % is two-sided 80 %


def test_a_channel_with_thresholds_of_its_own_is_counted_alone():
    chat = promise_table(manifest(0.8, ["chat", "sms"]), GIVEN, TEST)["channels"]["chat"]

    assert chat["rows"] == 6
    assert chat["labels"]["demo"]["threshold"] == 0.7
    assert (chat["labels"]["demo"]["given"], chat["labels"]["demo"]["right"]) == (6, 6)


def test_a_channel_that_no_test_message_came_by_has_no_figure():
    sms = promise_table(manifest(0.8, ["sms"]), GIVEN, TEST)["channels"]["sms"]

    assert sms["rows"] == 0
    assert sms["labels"]["demo"]["precision"] is None
    assert sms["labels"]["demo"]["coverage"] is None


@pytest.mark.parametrize(
    ("precision", "promised"), [(0.9, {"*": 0.9}), ({"demo": 0.9}, {"demo": 0.9}), (None, {})]
)
def test_promises_are_read_from_older_manifests_too(precision, promised):
    assert promises_of(manifest(precision)) == promised


def test_without_a_promise_the_thresholds_are_measured_all_the_same():
    demo = promise_table(manifest(None), GIVEN, TEST)["labels"]["demo"]

    assert demo["promised"] is None
    assert demo["precision"] == 0.8
