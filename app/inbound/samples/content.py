"""The message that every sample tells of: invented, about a price and a demo, each time anew."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from uuid import UUID

NAME, ADDRESS = "Ines Bergqvist", "ines.bergqvist@lantern-freight.example"
MAILBOX = f"{NAME} <{ADDRESS}>"
RECIPIENT = "hello@inlet.example"
SUBJECT = "Re: Reading our shared mailbox"
LINE = (  # of a chat
    "Hi, what is the price for 40 people a year, and could somebody show us a demo on Thursday?"
)
NEWEST = """Hello,

what is the price for 40 people a year? We would also like to see a demo of the product: does \
Thursday at 10:00 suit you?"""
# The number is one that Sweden's PTS keeps free for films.
SIGNATURE = f"-- \n{NAME}\nHead of Operations\nLantern Freight AB\n+46 31 390 06 12"
DISCLAIMER = (
    "This e-mail is confidential and intended solely for the addressee. If you have received it "
    "in error, please tell the sender and delete it."
)
_QUOTED = """Kim Alder <kim@inlet.example> wrote:
> Good morning,
>
> thank you for the talk at the fair. How many of you read the shared mailbox?
>
> Kim
"""
_PHONES = 1_000  # +44 7700 900000 to 900999, which Ofcom keeps free for films


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One message, told apart from every other by its token."""

    now: datetime  # in UTC
    token: str = field(default_factory=lambda: secrets.token_hex(32))

    def hexadecimal(self, what: str, digits: int = 32) -> str:
        """Give an id of so many hexadecimal digits for something of this message, 64 at most."""
        return hashlib.sha256(f"{what} {self.token}".encode()).hexdigest()[:digits]

    def number(self, what: str) -> int:
        """Give an id of ten digits."""
        return 10**9 + int(self.hexadecimal(what), 16) % (9 * 10**9)

    def uuid(self, what: str) -> str:
        """Give an id in the form of a UUID."""
        return str(UUID(self.hexadecimal(what)))

    @property
    def message_id(self) -> str:
        """The Message-ID of the mail."""
        return f"<{self.hexadecimal('mail')}@lantern-freight.example>"

    @property
    def phone(self) -> str:
        """The writer's number; another nearly each time, as one person's lines are joined."""
        return f"+447700900{self.number('phone') % _PHONES:03}"

    @property
    def seconds(self) -> int:
        """The time in seconds since 1970."""
        return int(self.now.timestamp())

    @property
    def date(self) -> str:
        """The time as a mail has it."""
        return format_datetime(self.now)

    @property
    def iso(self) -> str:
        """The time as JSON has it, in UTC with a Z."""
        return self.now.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    @property
    def text(self) -> str:
        """The text of the mail: what was written just now, and what mail programs add to it."""
        yesterday = self.now - timedelta(days=1)
        attribution = f"On {yesterday:%a, %d %b %Y at %H:%M}, {_QUOTED}"
        return "\n\n".join([NEWEST, SIGNATURE, DISCLAIMER, attribution])

    @property
    def html(self) -> str:
        """The same as HTML."""
        return "<div>" + escape(self.text, quote=False).replace("\n", "<br>") + "</div>"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the mail."""
        first = f"<{self.hexadecimal('first mail')}@inlet.example>"
        return {
            "From": MAILBOX,
            "To": RECIPIENT,
            "Subject": SUBJECT,
            "Date": self.date,
            "Message-ID": self.message_id,
            "In-Reply-To": first,
            "References": first,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=utf-8",
        }

    @property
    def mail(self) -> str:
        """The whole mail as it goes from server to server."""
        head = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        return f"{head}\n{self.text}".replace("\n", "\r\n")
