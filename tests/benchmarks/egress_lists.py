"""What is tried on the way out, list by list, and what must be said of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.egress_watch import Names
from tests.benchmarks.egress_ways import MAILED, SENT, Setup, Way, ways_of
from tests.benchmarks.egress_ways import REFUSED as SAID_NO
from tests.hostile_urls import CONTROLS, EDGES, PUBLIC, REFUSED, TRICKS, url_of
from tests.support_receiver import Answering, Conversation, status

REDIRECTS = (301, 302, 303, 307, 308)
MOVER = "127.0.0.77"  # the allow-listed receiver that sends elsewhere
SECOND_PUBLIC = "2606:4700::1111"
PUBLIC_HOSTS = (PUBLIC, SECOND_PUBLIC, *CONTROLS, *EDGES)
ANYWHERE = ("0.0.0.0/0", "::/0")

_BLOCKED = frozenset({"blocked_address", "bad_url", SAID_NO})
_CALLED = frozenset({"connection_refused", SENT})  # of a public address: nothing leaves the machine
_MAIL_ALONE, _HTTP_ALONE = (MAILED,), ("Sender.post", "Sender.fetch")
_Lists = Mapping[str, tuple[Sequence[str], frozenset[str]]]
_COMMANDS = ("endpoints add", "endpoints test")  # slow
_CHANGING = (  # answers of a name, look-up by look-up
    ((PUBLIC,), ("127.0.0.1",)),
    (("127.0.0.1",), (PUBLIC,)),
    ((PUBLIC, "127.0.0.1"),),
    (("::1", PUBLIC),),
    ((PUBLIC,), ("::ffff:127.0.0.1",)),
    ((PUBLIC, SECOND_PUBLIC), ("::1",), ("127.0.0.2", PUBLIC)),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A list that goes through a way out."""

    what: str
    way: str
    send: Way
    urls: Sequence[str]
    good: frozenset[str]  # what may be said of each


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the canaries and the receiver that redirects are, and what the guard allows."""

    ports: Sequence[int]  # of the canaries
    mail_ports: Sequence[int]
    mover_port: int
    allow_cidrs: tuple[str, ...] = (f"{MOVER}/32",)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much of the lists is tried."""

    rounds: int = 1_000  # names whose answers change
    codes: tuple[int, ...] = REDIRECTS
    ports: int = 4  # of the canaries, at most
    by_command: int = 201  # of each list; a command takes a twentieth of a second
    by_worker: int = 2_000

    def of(self, way: str) -> int | None:
        """Say how much of each list goes by a way, at most."""
        return {"worker": self.by_worker, **dict.fromkeys(_COMMANDS, self.by_command)}.get(way)


def steps(place: Place, names: Names, extent: Extent) -> Iterator[Step]:
    """Give every list for every way; the names in them are set."""
    for way, send in ways_of(Setup(allow_cidrs=place.allow_cidrs)).items():
        by_mail = {} if way in _HTTP_ALONE else _mail_lists(place, names, extent)
        by_http = {} if way in _MAIL_ALONE else _http_lists(place, names, extent)
        for what, (urls, good) in {**by_http, **by_mail}.items():
            if (what, way) == ("redirect", "endpoints add"):  # which calls nobody
                continue
            some = urls[: extent.of(way)]
            yield Step(what=what, way=way, send=send, urls=some, good=good)
    own = ways_of(Setup(allow_cidrs=("127.0.0.0/8", "::1/128"), port=place.ports[0]))
    for way, send in own.items():
        if way not in _MAIL_ALONE:
            urls = _own(place, names)
            yield Step(what="our own address", way=way, send=send, urls=urls, good=_BLOCKED)


def _http_lists(place: Place, names: Names, extent: Extent) -> _Lists:
    return {
        "address": (_by_address(place), _BLOCKED),
        "URL trick": (_by_trick(place), _BLOCKED),
        "name": (_by_name(place.ports[0], names), _BLOCKED),
        "redirect": (_by_redirect(place, extent.codes), frozenset({"redirect"})),
        "changing name": (_by_change(place.ports[0], names, extent.rounds), _BLOCKED | _CALLED),
        "allowed edge": (_edges(names), _CALLED),
    }


def _mail_lists(place: Place, names: Names, extent: Extent) -> _Lists:
    """The same for mail servers, with a user and without."""
    port = place.mail_ports[0]
    lists = {
        "address": [
            url_of(literal, one, scheme=scheme)
            for one in place.mail_ports
            for scheme in ("smtp", "smtps", "smtp://user:pass@")
            for literal in REFUSED
        ],
        "URL trick": [trick.replace("PORT", str(port)) for trick in TRICKS if _leads_in(trick)],
        "name": _by_name(port, names),
        "changing name": _by_change(port, names, extent.rounds),
        "allowed edge": [url.replace("443", "587") for url in _edges(names)],
    }
    good = {"changing name": _BLOCKED | _CALLED, "allowed edge": _CALLED}
    return {
        f"mail: {what}": ([_smtp(url) for url in urls], good.get(what, _BLOCKED))
        for what, urls in lists.items()
    }


def _leads_in(trick: str) -> bool:
    """Whether a trick is one for a mail server too, whose URL may name a user."""
    return "PORT" in trick and "@public" not in trick


def _smtp(url: str) -> str:
    """Turn a URL of the web into one of a mail server, which has no path."""
    scheme, _, rest = url.partition("://")
    if scheme in ("http", "https"):
        return f"smtp://{rest.partition('/')[0]}"
    return url.removesuffix("/hook").replace("@://", "@", 1)


def moving(port: int) -> Answering:
    """Answer /code/n by sending to that port of the n-th refused address."""
    targets = [url_of(literal, port) for literal in REFUSED]

    def answer(talk: Conversation) -> None:
        if talk.request is not None:
            code, number, *_ = talk.request.path.strip("/").split("/")
            talk.send(status(int(code), headers=[f"Location: {targets[int(number)]}"]))

    return answer


def _by_address(place: Place) -> list[str]:
    return [
        url_of(literal, port, scheme=scheme)
        for port in place.ports
        for scheme in ("http", "https")
        for literal in REFUSED
    ]


def _by_trick(place: Place) -> list[str]:
    return [trick.replace("PORT", str(port)) for port in place.ports for trick in TRICKS]


def _by_name(port: int, names: Names) -> list[str]:
    """Let names have each address alone, and before and behind a public one."""
    urls = []
    for number, literal in enumerate(REFUSED):
        for kind, answer in {
            "alone": (literal,),
            "first": (literal, PUBLIC),
            "last": (PUBLIC, literal),
        }.items():
            name = f"{kind}{number}.inner.example"
            names.set(name, answer)
            urls.append(url_of(name, port))
    return urls


def _by_redirect(place: Place, codes: Sequence[int]) -> list[str]:
    return [
        f"http://{MOVER}:{place.mover_port}/{code}/{number}"
        for code in codes
        for number in range(len(REFUSED))
    ]


def _by_change(port: int, names: Names, rounds: int) -> list[str]:
    """Call each name twice, as a delivery and its retry do."""
    urls = []
    for number in range(rounds):
        name = f"{number}.changing.example"
        names.set(name, *_CHANGING[number % len(_CHANGING)])
        urls += [url_of(name, port)] * 2
    return urls


def _edges(names: Names) -> list[str]:
    literals = dict.fromkeys([*CONTROLS, *EDGES])
    urls = [url_of(literal, 443, scheme="https") for literal in literals]
    for number, literal in enumerate(literals):
        names.set(f"edge{number}.example", (literal,))
        urls.append(f"https://edge{number}.example/workflows?sp=%2Fencoded%2Fslash&v=1.0")
    return urls


def _own(place: Place, names: Names) -> list[str]:
    names.set("me.example", ("127.0.0.1",))
    hosts = ("127.0.0.1", "localhost", "me.example", "::ffff:127.0.0.1", "::ffff:7f00:1")
    return [url_of(host, place.ports[0]) for host in hosts]
