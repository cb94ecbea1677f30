import os
import threading

import pytest
from structlog.testing import capture_logs
from support import race

from app.errors import ConfigError
from app.policies import LOOK_S, PolicyFile
from app.routing.loading import load_policy

POLICY = """\
version: 1
rules: [{{name: {name}, intents: {{pricing: 0.5}}, route: sales, endpoints: [], event: a.b}}]
otherwise: {{route: inbox, endpoints: [], event: a.b}}
"""


class Loader:
    """Reads the file as the service does, and counts how often."""

    def __init__(self, path):
        self.path = path
        self.loads = 0

    def __call__(self):
        self.loads += 1
        return load_policy(self.path, known_intents=None)


class Seconds:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.format(name="first"))
    return path


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def loader(file):
    return Loader(file)


@pytest.fixture
def policies(file, loader, seconds):
    return PolicyFile(file, loader, clock=seconds)


def name_of(policy):
    return policy.rules[0].name


def write(path, text):
    """Put another file in its place, as editors do."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_a_changed_file_is_in_force_after_a_second(policies, file, seconds):
    write(file, POLICY.format(name="second"))

    before = name_of(policies.current())
    seconds.now += LOOK_S
    assert (before, name_of(policies.current())) == ("first", "second")
    assert policies.problem is None


def test_a_file_that_stays_is_read_once(policies, loader, seconds):
    first = policies.current()
    for _ in range(10):
        seconds.now += LOOK_S
        assert policies.current() is first

    assert loader.loads == 1


def test_a_file_that_was_only_touched_leaves_the_policy_the_one_it_is(policies, file, seconds):
    first = policies.current()
    os.utime(file, (1, 1))
    seconds.now += LOOK_S

    with capture_logs() as logs:
        assert policies.current() is first
    assert logs == []


def test_a_bad_file_leaves_the_old_policy_working_and_says_why_once(policies, file, seconds):
    write(file, POLICY.format(name="second").replace("0.5", "seven"))

    with capture_logs() as logs:
        for _ in range(5):
            seconds.now += LOOK_S
            assert name_of(policies.current()) == "first"

    problem = f"{file}:2: needs `model` or a probability from 0 to 1"
    assert policies.problem == problem
    assert [(one["event"], one["problem"]) for one in logs] == [("policy_refused", problem)]


def test_a_mended_file_is_in_force_and_the_problem_is_gone(policies, file, seconds):
    write(file, "version: 2")
    seconds.now += LOOK_S
    policies.current()
    write(file, POLICY.format(name="second"))
    seconds.now += LOOK_S

    with capture_logs() as logs:
        found = policies.current()
    assert (name_of(found), policies.problem) == ("second", None)
    assert logs == [
        {"event": "policy_loaded", "log_level": "info", "sha256": found.sha256, "rules": 1}
    ]


def test_a_bad_file_that_is_put_back_as_it_was_is_good_again(policies, file, seconds):
    first = policies.current()
    for text in ("version: 2", POLICY.format(name="first")):
        write(file, text)
        seconds.now += LOOK_S
        policies.current()

    assert policies.current() is first
    assert policies.problem is None


def test_a_file_that_is_gone_for_a_while_changes_nothing(policies, file, seconds):
    whole = file.read_text()
    file.unlink()
    with capture_logs() as logs:
        for _ in range(3):
            seconds.now += LOOK_S
            assert name_of(policies.current()) == "first"
    assert policies.problem == f"policy {file} cannot be read: No such file or directory"
    assert len(logs) == 1

    file.write_text(whole)
    seconds.now += LOOK_S
    assert name_of(policies.current()) == "first"
    assert policies.problem is None


def test_without_a_good_file_there_is_nothing_to_begin_with(file, loader):
    file.write_text("version: 2")

    with pytest.raises(ConfigError, match=r"policy.yaml:1: "):
        PolicyFile(file, loader)


def test_the_shipped_policy_is_read_once(seconds):
    shipped = Loader(None)
    policies = PolicyFile(None, shipped, clock=seconds)
    seconds.now += 10 * LOOK_S

    assert policies.current() is policies.current()
    assert shipped.loads == 1


def test_nobody_waits_for_a_thread_that_reads_the_file(file, seconds):
    reading, go_on = threading.Event(), threading.Event()

    class SlowLoader(Loader):
        def __call__(self):
            if self.loads:
                reading.set()
                go_on.wait(30)
            return super().__call__()

    policies = PolicyFile(file, SlowLoader(file), clock=seconds)
    write(file, POLICY.format(name="second"))
    seconds.now += LOOK_S
    reader = threading.Thread(target=policies.current, daemon=True)
    reader.start()
    assert reading.wait(30)

    seconds.now += LOOK_S
    meanwhile = name_of(policies.current())
    go_on.set()
    reader.join(30)
    assert (meanwhile, name_of(policies.current())) == ("first", "second")


def test_threads_that_race_read_a_changed_file_once(policies, file, loader, seconds):
    write(file, POLICY.format(name="second"))
    seconds.now += LOOK_S

    race(16, lambda _: [policies.current() for _ in range(100)])

    assert (loader.loads, name_of(policies.current())) == (2, "second")
