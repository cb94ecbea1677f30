"""What is tried on the way out, list by list, and what must be said of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.egress_watch import Names
from tests.benchmarks.egress_ways import REFUSED as SAID_NO
from tests.benchmarks.egress_ways import SENT, Setup, Way, ways_of
from tests.hostile_urls import CONTROLS, EDGES, PUBLIC, REFUSED, TRICKS, url_of
from tests.support_receiver import Answering, Conversation, status

REDIRECTS = (301, 302, 303, 307, 308)
MOVER = "127.0.0.77"  # the allow-listed receiver that sends elsewhere
SECOND_PUBLIC = "2606:4700::1111"
PUBLIC_HOSTS = (PUBLIC, SECOND_PUBLIC, *CONTROLS, *EDGES)
ANYWHERE = ("0.0.0.0/0", "::/0")

_BLOCKED = frozenset({"blocked_address", "bad_url", SAID_NO})
_CALLED = frozenset({"connection_refused", SENT})  # of a public address: nothing leaves the machine
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
    mover_port: int
    allow_cidrs: tuple[str, ...] = (f"{MOVER}/32",)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much of the lists is tried."""

    rounds: int = 1_000  # names whose answers change
    codes: tuple[int, ...] = REDIRECTS
    ports: int = 4  # of the canaries, at most
    by_command: int = 201  # of each list; a command takes a twentieth of a second


def steps(place: Place, names: Names, extent: Extent) -> Iterator[Step]:
    """Give every list for every way; the names in them are set."""
    lists = {
        "address": (_by_address(place), _BLOCKED),
        "URL trick": (_by_trick(place), _BLOCKED),
        "name": (_by_name(place, names), _BLOCKED),
        "redirect": (_by_redirect(place, extent.codes), frozenset({"redirect"})),
        "changing name": (_by_change(place, names, extent.rounds), _BLOCKED | _CALLED),
        "allowed edge": (_edges(names), _CALLED),
    }
    for way, send in ways_of(Setup(allow_cidrs=place.allow_cidrs)).items():
        for what, (urls, good) in lists.items():
            if (what, way) == ("redirect", "endpoints add"):  # which calls nobody
                continue
            some = urls[: extent.by_command] if way in _COMMANDS else urls
            yield Step(what=what, way=way, send=send, urls=some, good=good)
    own = ways_of(Setup(allow_cidrs=("127.0.0.0/8", "::1/128"), port=place.ports[0]))
    for way, send in own.items():
        urls = _own(place, names)
        yield Step(what="our own address", way=way, send=send, urls=urls, good=_BLOCKED)


def moving(place: Place) -> Answering:
    """Answer /code/n by sending to the n-th refused address."""
    targets = [url_of(literal, place.ports[0]) for literal in REFUSED]

    def answer(talk: Conversation) -> None:
        if talk.request is not None:
            code, number = talk.request.path.strip("/").split("/")
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


def _by_name(place: Place, names: Names) -> list[str]:
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
            urls.append(url_of(name, place.ports[0]))
    return urls


def _by_redirect(place: Place, codes: Sequence[int]) -> list[str]:
    return [
        f"http://{MOVER}:{place.mover_port}/{code}/{number}"
        for code in codes
        for number in range(len(REFUSED))
    ]


def _by_change(place: Place, names: Names, rounds: int) -> list[str]:
    """Call each name twice, as a delivery and its retry do."""
    urls = []
    for number in range(rounds):
        name = f"{number}.changing.example"
        names.set(name, *_CHANGING[number % len(_CHANGING)])
        urls += [url_of(name, place.ports[0])] * 2
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
