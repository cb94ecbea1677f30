"""Which deliveries somebody looks for, as the address of their page says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from app.api.ids import id_pattern
from app.domain import DeliveryStatus
from app.errors import Refused

PATH = "/deliveries"
_IDS = {"endpoint": "ep", "before": "dlv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLook:
    """One look at the deliveries."""

    status: DeliveryStatus | None = None
    endpoint: str | None = None  # its id
    before: str | None = None  # the last delivery of the page before

    @property
    def is_plain(self) -> bool:
        """Whether everything is looked at."""
        return self.status is None and self.endpoint is None

    def address(self, **changes: str | None) -> str:
        """Write an address that shows this look, with some fields changed, or taken out by None.

        Where a page begins is not kept.
        """
        given = {"status": self.status, "endpoint": self.endpoint, **changes}
        kept = {name: str(value) for name, value in given.items() if value}
        return f"{PATH}?{urlencode(kept)}" if kept else PATH


def delivery_look_of(given: Mapping[str, str]) -> DeliveryLook:
    """Read the fields of an address; empty ones say nothing.

    Raises:
        Refused: `bad_filter`.
    """
    ids = {name: given.get(name, "").strip() or None for name in _IDS}
    for name, prefix in _IDS.items():
        if ids[name] is not None and not re.fullmatch(id_pattern(prefix), ids[name] or "", re.A):
            raise Refused("a filter names nothing that there can be", code="bad_filter")
    status = given.get("status", "").strip()
    try:
        return DeliveryLook(status=DeliveryStatus(status) if status else None, **ids)
    except ValueError:
        raise Refused("deliveries do not stand so", code="bad_filter") from None
