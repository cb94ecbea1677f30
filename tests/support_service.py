"""The real `inlet` as a process of its own: started, watched through its log, ended by its pid."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-c", "from app.cli import run; run()")
LISTENS = "Inlet listens on "
STOP_S = 20  # RELIABILITY.md P32


def environ_of(folder, **settings):
    """An operator's environment: nothing of ours but these settings, and data in a folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    ours = {
        "DATA_DIR": folder / "data",
        **{name.upper(): value for name, value in settings.items()},
    }
    return {
        **kept,
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        **{f"INLET_{name}": str(value) for name, value in ours.items()},
    }


def run_inlet(*args, environ, cwd, stdin=b"", timeout_s=120):
    """Run a command to its end: exit code, and what it said on stdout and stderr."""
    return subprocess.run(
        [*COMMAND, *args], env=environ, cwd=cwd, input=stdin, capture_output=True, timeout=timeout_s
    )


class Inlet:
    """A command that runs until it is ended; at the end of `with` at the latest."""

    def __init__(self, *args, environ, folder, command=COMMAND):
        self.log = folder / f"log-{time.monotonic_ns()}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *args],
                env=environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the tests, which then end it
                # A suite that was started in the background ignores Ctrl-C, and so would these.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self.log.read_text(errors="replace")

    def wait_until_it_says(self, words, *, timeout_s=120):
        """The rest of the line, once it is there whole; fails where the process ends before."""
        deadline = time.monotonic() + timeout_s
        while True:
            ended = self.process.poll()
            before, found, after = self.said().partition(words)
            if found and "\n" in after:
                return after.partition("\n")[0]
            if ended is not None or time.monotonic() > deadline:
                raise AssertionError(f"exit code {ended}, never said {words!r}:\n{before}")
            time.sleep(0.02)

    def wait_until_it_listens(self):
        """The URL of a service."""
        return self.wait_until_it_says(LISTENS).partition(",")[0]

    def stop(self, number=signal.SIGTERM, *, timeout_s=STOP_S):
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def kill(self):
        """End it as a power cut would, as far as a process can tell."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
