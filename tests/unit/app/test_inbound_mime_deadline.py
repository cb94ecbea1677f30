"""Parsing in a process of its own that may be killed; the mails are real, the faults are made."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hostile_mail import SAYS, mail

from app.errors import Overloaded
from app.inbound.mime import ParsingPool, parse_mail, parse_within
from app.inbound.mime.values import Mail, ParseStatus

AMPLE_S = 60.0  # on a busy machine, too
SLOW = mail("Content-Type: text/html", body="<b><p></i>x</b>" * 60_000)  # about 0.5 s


@pytest.fixture
def pool():
    pool = ParsingPool()
    yield pool
    pool.close()


def child_of(pool):
    child = pool._idle.get_nowait()
    pool._idle.put(child)
    return child


def process_of(pool):
    return child_of(pool)._process


def test_a_mail_is_read_as_without_a_deadline(pool):
    raw = mail("Subject: Offer", "Auto-Submitted: auto-replied")

    found = pool.parse_within(raw, AMPLE_S, own=["x@y.example"])

    assert found == parse_mail(raw)
    assert found.text == SAYS


def test_one_process_reads_many_mails(pool):
    pool.parse_within(mail(), AMPLE_S)
    first = process_of(pool).pid
    texts = [pool.parse_within(mail(body=str(n)), AMPLE_S).text for n in range(20)]

    assert texts == [str(n) for n in range(20)]
    assert process_of(pool).pid == first


def test_our_own_addresses_reach_the_process(pool):
    found = pool.parse_within(mail(), AMPLE_S, own=["@buyer.example"])

    assert found.automated.kind == "own_address"


def test_a_mail_that_takes_too_long_times_out_and_the_next_one_is_read(pool):
    pool.parse_within(mail(), AMPLE_S)
    slow = process_of(pool)
    late = pool.parse_within(SLOW, 0.01)
    found = pool.parse_within(mail(), AMPLE_S)

    assert late == Mail(status=ParseStatus.TIMEOUT)
    assert slow.returncode == -signal.SIGKILL
    assert found.text == SAYS


def test_a_process_that_died_while_it_was_idle_is_replaced(pool):
    pool.parse_within(mail(), AMPLE_S)
    process = process_of(pool)
    process.kill()
    process.wait()

    assert pool.parse_within(mail(), AMPLE_S).text == SAYS


def test_a_process_that_is_stopped_cannot_hang_us(pool):
    pool.parse_within(mail(), AMPLE_S)
    os.kill(process_of(pool).pid, signal.SIGSTOP)

    assert pool.parse_within(mail(body="x" * 5_000_000), 0.5).status is ParseStatus.TIMEOUT


def test_a_mail_that_takes_too_much_memory_fails_and_the_next_one_is_read():
    pool = ParsingPool(memory_bytes=96 * 1024 * 1024)
    try:
        big = pool.parse_within(mail(body=b"x" * 33_000_000), AMPLE_S)
        found = pool.parse_within(mail(), AMPLE_S)
    finally:
        pool.close()

    assert big.status is ParseStatus.FAILED
    assert found.text == SAYS


def test_threads_share_a_process_and_those_beyond_the_queue_are_told_to_come_back():
    pool = ParsingPool(waiting=1)
    together = threading.Barrier(6)
    answers = []

    def ask():
        together.wait()
        try:
            answers.append(pool.parse_within(SLOW, AMPLE_S).status.value)
        except Overloaded as error:
            answers.append(error.code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        pool.close()

    assert sorted(answers) == ["overloaded"] * 4 + ["parsed"] * 2


def test_closing_ends_the_process(pool):
    pool.parse_within(mail(), AMPLE_S)
    process = process_of(pool)

    pool.close()

    assert process.returncode is not None


def test_the_process_knows_none_of_our_secrets(pool, monkeypatch):
    monkeypatch.setenv("INLET_SECRET_KEY", "s3cr3t-of-the-service")
    pool.parse_within(mail(), AMPLE_S)

    assert b"s3cr3t" not in Path(f"/proc/{process_of(pool).pid}/environ").read_bytes()


def test_the_process_ends_when_the_service_is_gone(pool):
    pool.parse_within(mail(), AMPLE_S)
    process = process_of(pool)

    child_of(pool)._pipe.close()

    assert process.wait(AMPLE_S) == 0


@pytest.mark.parametrize("sizes", [{"processes": 0}, {"waiting": -1}])
def test_a_pool_without_processes_is_refused(sizes):
    with pytest.raises(ValueError, match="processes >= 1"):
        ParsingPool(**sizes)


def test_the_shared_pool_is_closed_when_the_program_ends():
    code = (
        "from app.inbound.mime import parse_within; "
        "print(parse_within(b'From: a@b.example\\n\\nhello', 60).text)"
    )
    started = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, timeout=120, check=True
    )

    assert (ran.stdout, ran.stderr) == (b"hello\n", b"")
    assert time.monotonic() - started < 120
    assert parse_within.__defaults__ == (5.0,)
