import pytest

from training.promises import promise_for, read_promises, written

DEFAULTS = {"*": 0.8, "demo_request": 0.9}


@pytest.mark.parametrize(
    ("given", "promises"),
    [
        ("0.95", {"*": 0.95}),
        ("demo_request=0.95", {"*": 0.8, "demo_request": 0.95}),
        (" pricing = 0.7 , *=0.5", {"*": 0.5, "demo_request": 0.9, "pricing": 0.7}),
        ("a=1,b=0", {"*": 0.8, "demo_request": 0.9, "a": 1.0, "b": 0.0}),
    ],
)
def test_promises_are_read_as_they_are_typed(given, promises):
    assert read_promises(given, DEFAULTS) == promises


@pytest.mark.parametrize("given", ["", "high", "1.1", "-0.1", "nan", "a=", "a=2", "=0.5", "a=0.5,"])
def test_what_is_no_share_is_refused(given):
    with pytest.raises(ValueError, match=r"share|names no intent"):
        read_promises(given, DEFAULTS)


def test_what_is_written_is_read_again():
    assert read_promises(written(DEFAULTS), {}) == DEFAULTS


def test_an_intent_that_is_not_named_gets_the_promise_for_the_rest():
    assert promise_for("demo_request", DEFAULTS) == 0.9
    assert promise_for("pricing", DEFAULTS) == 0.8
