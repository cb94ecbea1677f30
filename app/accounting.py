"""Checks every minute that accepted = delivered + dead + suppressed + pending."""

import threading
import time
from collections.abc import Callable

import structlog

from app.errors import StorageDown
from app.storage import account
from app.storage.account import Account
from app.storage.engine import Database

EVERY_S = 60.0  # RELIABILITY.md P9
_STALE_S = EVERY_S + 60.0  # a loop that was not seen for so long counts as dead

log = structlog.get_logger(__name__)


class Accountant:
    """Reads the account of a database, and tells where it does not balance.

    One thread calls `run`; all else may be called from any.
    """

    def __init__(
        self,
        database: Database,
        *,
        on_account: Callable[[Account], object],
        every_s: float = EVERY_S,
    ) -> None:
        """Set what is checked.

        Args:
            database: Where the messages and deliveries are.
            on_account: Told of every account that was read: metrics.
            every_s: How often.
        """
        self._database = database
        self._on_account = on_account
        self._every_s = every_s
        self._unaccounted = 0  # the last time
        self._woken = threading.Event()
        self._running = False
        self._beat_s = float("-inf")

    @property
    def alive(self) -> bool:
        """Whether the loop runs and was seen lately."""
        return self._running and time.monotonic() - self._beat_s < _STALE_S

    def wake(self) -> None:
        """Let the loop check now."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Check until told to stop; ends when woken."""
        self._running = True
        try:
            while not stop.is_set():
                self._beat_s = time.monotonic()
                self._step()
                self._woken.wait(self._every_s)
                self._woken.clear()
        finally:
            self._running = False

    def check(self) -> Account:
        """Read the account, tell of it, and log a difference once for each change of it.

        Raises:
            StorageDown: It could not be read.
        """
        with self._database.read() as conn:
            found = account.read(conn)
        before, self._unaccounted = self._unaccounted, found.unaccounted
        if found.unaccounted != before:
            self._tell(found)
        self._on_account(found)
        return found

    def _step(self) -> None:
        try:
            self.check()
        except StorageDown as error:
            log.warning("account_unavailable", error_code=error.code)
        except Exception:  # the loop's outermost frame: the next check may succeed
            log.exception("account_failed")

    def _tell(self, found: Account) -> None:
        if found.unaccounted:
            stands = {status.value: number for status, number in found.stands.items()}
            log.error(
                "deliveries_unaccounted",
                unaccounted=found.unaccounted,
                accepted=found.accepted,
                **stands,
            )
        else:
            log.info("deliveries_accounted", accepted=found.accepted)
