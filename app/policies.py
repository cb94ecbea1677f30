"""The policy in force: the operator's file, read again when it changes."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from app.errors import ConfigError
from app.routing.policy import Policy

LOOK_S = 1.0  # between two looks at the file

log = structlog.get_logger(__name__)


class PolicyFile:
    """Gives the policy in force; a file that became bad leaves the last good one working."""

    def __init__(
        self,
        path: Path | None,
        load: Callable[[], Policy],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the policy.

        Args:
            path: The operator's file; None for the shipped policy, which never changes.
            load: Reads and checks that file; raises ConfigError, with file and line.
            clock: Seconds that only go up.

        Raises:
            ConfigError: There is no good policy to begin with.
        """
        self._path = path
        self._load = load
        self._clock = clock
        self._looking = threading.Lock()
        self._marks = self._marks_now()
        self._policy = load()
        self._look_at_s = clock() + LOOK_S
        self.problem: str | None = None  # what is wrong with the file as it is now, with its line

    def current(self) -> Policy:
        """Give the policy in force; threads never wait here for one that reads the file."""
        due = self._path is not None and self._clock() >= self._look_at_s
        if due and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._policy

    def _look(self) -> None:
        self._look_at_s = self._clock() + LOOK_S
        marks = self._marks_now()
        if marks == self._marks and marks is not None:
            return
        self._marks = marks  # taken before the file is read: what is written meanwhile is seen next
        try:
            policy = self._load()
        except ConfigError as error:
            self._refuse(error.detail)
        else:
            self._accept(policy)

    def _refuse(self, problem: str) -> None:
        """Keep what is in force, and say once what is wrong."""
        if problem != self.problem:
            log.warning("policy_refused", problem=problem, in_force=self._policy.sha256)
        self.problem = problem

    def _accept(self, policy: Policy) -> None:
        if policy.sha256 != self._policy.sha256 or self.problem is not None:
            log.info("policy_loaded", sha256=policy.sha256, rules=len(policy.rules))
        if policy.sha256 != self._policy.sha256:  # only touched, it stays the one it is
            self._policy = policy
        self.problem = None

    def _marks_now(self) -> tuple[int, ...] | None:
        """Give what tells that the file is another one than before; None where it is gone."""
        if self._path is None:
            return ()
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
