"""Where a message stands for the people who look through the inbox."""

from enum import StrEnum


class InboxState(StrEnum):
    """What is left to do about a message; every one is in exactly one of these."""

    OPEN = "open"  # nobody was promised a reply, and nobody said that it is done
    WAITING = "waiting"  # its reply clock runs
    TAKEN = "taken"  # a person said "mine"
    DONE = "done"  # there is nothing left to take
