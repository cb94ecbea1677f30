import io
import json
import logging
import sys
import warnings

import pytest
import structlog

from app.errors import ConfigError
from app.logs import configure_logs
from models.errors import ArtifactError


@pytest.fixture
def written(capfd):
    """Configure the logs, and give back what was written since as parsed lines."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("uvicorn.access").disabled)
    configure_logs("info")

    def read():
        return [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    yield read
    root.handlers[:], level, logging.getLogger("uvicorn.access").disabled = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def fields(line, *names):
    return {name: line[name] for name in names}


def test_an_event_is_one_json_line_with_time_and_level(written):
    structlog.get_logger().info("stored", message_id="msg_1", duration_ms=1.5)

    (line,) = written()
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "stored",
        "level": "info",
        "logger": __name__,
        "message_id": "msg_1",
        "duration_ms": 1.5,
    }


def test_events_under_the_level_are_left_out(written):
    structlog.get_logger().debug("hidden")
    logging.getLogger("alembic").debug("hidden too")
    logging.getLogger("alembic.runtime.migration").info("told at every look at the schema")

    assert written() == []


def test_libraries_write_the_same_form(written):
    logging.getLogger("uvicorn.error").info("listening on %s", 8080)

    (line,) = written()
    assert fields(line, "event", "level", "logger") == {
        "event": "listening on 8080",
        "level": "info",
        "logger": "uvicorn.error",
    }


def test_a_warning_is_an_event_as_well(written):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old call", DeprecationWarning, stacklevel=1)

    (line,) = written()
    assert "DeprecationWarning: old call" in line["event"]


@pytest.mark.parametrize("name", ["uvicorn.access", "httpx2", "httpcore2", "sqlalchemy.engine"])
def test_loggers_that_would_write_urls_or_parameters_are_silent(written, name):
    logging.getLogger(name).info("GET /v1/messages?token=canary")

    assert written() == []


def test_two_calls_do_not_double_the_lines(written):
    configure_logs("info")
    structlog.get_logger().info("once")

    assert [line["event"] for line in written()] == ["once"]


def test_private_keys_are_redacted_at_every_depth(written):
    structlog.get_logger().info(
        "sent",
        text="canary",
        Subject="canary",
        sender_email="canary",
        Authorization="canary",
        secrets=["canary"],
        endpoint={"database_url": "canary", "id": "ep_1"},
        attempts=[{"body": "canary", "number": 1}],
        text_chars=6,
    )

    (line,) = written()
    assert "canary" not in json.dumps(line)
    assert fields(line, "endpoint", "attempts", "text_chars", "text") == {
        "endpoint": {"database_url": "[redacted]", "id": "ep_1"},
        "attempts": [{"body": "[redacted]", "number": 1}],
        "text_chars": 6,
        "text": "[redacted]",
    }


def test_other_handlers_see_the_redacted_event_too(written, caplog):
    structlog.get_logger().info("sent", text="canary")

    assert [record.msg["text"] for record in caplog.records] == ["[redacted]"]


def test_an_object_is_logged_by_its_type_alone(written):
    structlog.get_logger().info("odd", value=ConfigError("canary"))

    assert written()[0]["value"] == "<ConfigError>"


def test_control_characters_cannot_forge_a_line_or_colour_a_terminal(capfd, written):
    structlog.get_logger().info("a\r\n{} \x1b[31m \u202e \x7f \x85", name="\n\x00")

    raw = capfd.readouterr().err
    assert [char for char in raw.rstrip("\n") if not 32 <= ord(char) < 127] == []


def test_a_foreign_exception_tells_its_types_and_places_but_not_its_sentence(written):
    try:
        try:
            int("canary")
        except ValueError as error:
            raise RuntimeError("canary") from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("uvicorn.error").exception("failed as well")

    for line in written():
        assert "canary" not in json.dumps(line)
        assert line["error"].startswith("builtins.RuntimeError (test_logs.py:")
        assert " from builtins.ValueError (test_logs.py:" in line["error"]
        assert line["at"][0].startswith("test_logs.py:")


@pytest.mark.parametrize("error", [ConfigError("set INLET_PORT"), ArtifactError("no model.onnx")])
def test_our_own_exception_keeps_its_sentence(written, error):
    structlog.get_logger().error("failed", exc_info=error)

    assert written()[0]["error"] == f"{type(error).__module__}.{type(error).__name__}: {error}"


def test_stdout_is_left_to_what_a_command_answers(capfd, written):
    structlog.get_logger().info("event")
    sys.stdout.write("answer\n")

    assert capfd.readouterr().out == "answer\n"


def test_an_event_that_cannot_be_formatted_tells_its_place_alone(written, monkeypatch):
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if type(handler).__module__ == "app.logs"]
    monkeypatch.setattr(root, "handlers", ours)  # pytest's own handler would raise
    logging.getLogger("library").error("%d texts", "canary")

    (line,) = written()
    assert line["event"] == "log event lost"
    assert line["at"][0].startswith("test_logs.py:")


def test_a_closed_stderr_does_not_stop_the_service(written, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)

    structlog.get_logger().info("unheard")
    monkeypatch.undo()

    assert written() == []
