"""What a check saw."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there, and what would make it better."""

    detail: str
    mend: str = ""  # empty where nothing is to be done
    ok: bool = True  # False: it does not work, or not safely; with a mend alone: it could be better


def together(*parts: Seen) -> Seen:
    """Tell several things that were seen as one."""
    return Seen(
        detail="; ".join(part.detail for part in parts if part.detail),
        mend="; ".join(part.mend for part in parts if part.mend),
        ok=all(part.ok for part in parts),
    )
