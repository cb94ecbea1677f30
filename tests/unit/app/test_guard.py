import socket
import threading
import time

import pytest

from app.errors import ConfigError, EndpointRejected
from app.webhook.address import is_public, parse_address
from app.webhook.guard import Guard
from app.webhook.lookup import BoundedLookup
from app.webhook.target import Target, parse_target

PUBLIC = "93.184.215.14"

# RELIABILITY.md, section 3.6: the 71 literals.
# fmt: off
REFUSED = [
    "127.0.0.1", "127.0.0.2", "127.254.254.254", "0.0.0.0", "0.1.2.3", "::1", "::",
    "127.1", "0", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1",
    "2852039166", "0xa9fea9fe",
    "0251.0376.0251.0376", "127.0.0.1.",
    "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.10", "fc00::1", "fd00:ec2::254",
    "fd7a:115c:a1e0::1",
    "169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%lo", "febf::1",
    "100.64.0.1", "100.100.100.200",
    "192.0.0.192", "192.88.99.3", "168.63.129.16", "fec0::1", "3fff::1", "5f00::1",
    "100:0:0:1::1",
    "224.1.2.3", "233.252.0.16", "239.255.255.250", "ff02::1",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.6", "240.0.0.1",
    "255.255.255.255",
    "2001:db8::1", "100::1", "2001:10::1", "2001:2::1", "2001:20::1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254",
    "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "2002:7f00:1::1",
    "2001:0:a9fe:a9fe::1", "2001::1",
]
# fmt: on
CONTROLS = ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
EDGES = ["100.63.255.254", "100.128.0.1", "172.15.255.255", "172.32.0.1", "2606:4700::1111"]

TRICKS = [
    "http://localhost",
    "http://localhost.",
    "https://LOCALHOST",
    "https://LOCALHOST:8443/x",
    "https://any.localhost",
    "https://127.0.0.1.nip.io/",
    "https://[::1%lo]",
    "https://[::1%25lo]",
    "https://[127.0.0.1]",
    "https://[8.8.8.8]",
    "https://::1",
    "https://2001:4860:4860::8888/",
    "https://1:2@[::1]:9876",
    "https://@[::1]",
    "https://user:secret@public.example/",
    "http://public.example@127.0.0.1",
    "http://127.0.0.1#@public.example",
    "https://public.example/#fragment",
    "http://public.example\\@127.0.0.1",
    "https://public.example\\.127.0.0.1/",
    "http://[0:0:0:0:0:ffff:7f00:1]",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://127\u30020\u30020\u30021/",
    "https://b\u00fccher.example/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1%2f@public.example/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://public.example/",
    "javascript:alert(1)",
    "anythingelse://public.example/",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "unix:/var/run/docker.sock",
    "//public.example/",
    "public.example/hook",
    "https://",
    "https:///hook",
    "https://:443/",
    "https://./",
    "https://-public.example/",
    "https://public..example/",
    "https://public.example./",
    "https://" + "a" * 64 + ".example/",
    "https://public.example/" + "a" * 65_537,
    "https://{{host}}/hook",
    "https://${HOST}/hook",
    "https://public.example/a b",
    "https://public.example/\r\nHost: x",
    "https://public.example\t/",
    " https://public.example/",
    "https://public.example/\n",
    "https://public.example/\u00e9",
    "https://public.example/\x00",
    "https://public.example:0/",
    "https://public.example:65536/",
    "https://public.example:99999999/",
    "https://public.example:443:443/",
    "https://public.example:22/",
    "https://public.example:25/",
    "https://public.example:5432/",
    "https://public.example:6379/",
    "https://public.example:9200/",
    "http://public.example/hook",
    "http://8.8.8.8/hook",
    "",
]

NAMES = {
    "public.example": [PUBLIC],
    "both.example": [PUBLIC, "2606:4700::1111"],
    "inward.example": ["10.0.0.5"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "scoped.example": ["fe80::1%eth0"],
    "many.example": [f"93.184.{i // 250}.{i % 250}" for i in range(999)] + ["169.254.169.254"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "crm.internal": ["10.1.2.3"],
    "crm_db": ["10.1.2.3"],
}


def lookup(host, port):
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return NAMES[host]


def guard(**options):
    return Guard(lookup=lookup, **options)


def url_of(literal):
    return f"https://[{literal}]/hook" if ":" in literal else f"https://{literal}/hook"


def code_of(guarded, url):
    """What is said of a URL, or None where it may be called."""
    try:
        guarded.check_url(url)
    except EndpointRejected as error:
        return error.code
    return None


def test_the_list_of_literals_is_whole():
    assert len(REFUSED) + len(CONTROLS) == 71


@pytest.mark.parametrize("literal", REFUSED)
def test_a_literal_that_is_not_public_is_refused_when_made_and_when_connecting(literal):
    with pytest.raises(EndpointRejected):
        guard().check_url(url_of(literal))
    with pytest.raises(EndpointRejected):
        guard().resolve(literal, 443)


@pytest.mark.parametrize("literal", [literal for literal in REFUSED if parse_address(literal)])
def test_a_name_that_leads_to_such_an_address_is_refused(literal):
    inward = Guard(lookup=lambda host, port: [PUBLIC, literal])

    assert code_of(inward, "https://public.example/hook") == "blocked_address"


@pytest.mark.parametrize("literal", CONTROLS + EDGES)
def test_a_public_literal_is_allowed(literal):
    guarded = guard()

    assert code_of(guarded, url_of(literal)) is None
    assert guarded.resolve(literal, 443) == (literal,)


@pytest.mark.parametrize("url", TRICKS, ids=lambda url: ascii(url[:60]))
def test_a_url_trick_is_refused_without_repeating_it(url):
    with pytest.raises(EndpointRejected) as raised:
        guard().check_url(url)

    assert raised.value.code in ("blocked_address", "bad_url")
    assert len(url) < 10 or url not in raised.value.detail
    assert "secret" not in raised.value.detail


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://10.0.0.5/", "blocked_address"),
        ("https://127.1/", "blocked_address"),
        ("https://0x7f000001/", "blocked_address"),
        ("https://inward.example/", "blocked_address"),
        ("https://mixed.example/", "blocked_address"),
        ("https://scoped.example/", "blocked_address"),
        ("https://many.example/", "blocked_address"),
        ("https://a.localhost/", "blocked_address"),
        ("https://public.example:22/", "blocked_address"),
        ("https://user@public.example/", "bad_url"),
        ("http://public.example/", "bad_url"),
        ("http://nowhere.example/", "bad_url"),
        ("https://public.example/", None),
        ("HTTPS://Public.Example:8443/Hook?A=b", None),
        ("https://nowhere.example/", None),  # no address yet: each connection checks again
    ],
)
def test_the_code_says_whether_the_spelling_or_the_address_is_wrong(url, code):
    assert code_of(guard(), url) == code


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (
            "https://prod-1.westeurope.logic.azure.example:443/workflows/1/triggers?sp=%2Fa%2Fb&v=1.0",
            Target(
                "https",
                "prod-1.westeurope.logic.azure.example",
                443,
                "/workflows/1/triggers?sp=%2Fa%2Fb&v=1.0",
            ),
        ),
        ("https://a.example", Target("https", "a.example", 443, "/")),
        ("https://a.example?x[]=1", Target("https", "a.example", 443, "/?x[]=1")),
        ("HTTP://A.Example:8080/X", Target("http", "a.example", 8080, "/X")),
        (
            "https://[2001:4860:4860::8888]:8443/",
            Target("https", "2001:4860:4860::8888", 8443, "/"),
        ),
    ],
)
def test_a_url_is_called_exactly_as_written(url, target):
    assert parse_target(url) == target


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://a.example/", "a.example"),
        ("https://a.example:80/", "a.example:80"),
        ("http://a.example:80/", "a.example"),
        ("https://[2001:4860:4860::8888]/", "[2001:4860:4860::8888]"),
        ("https://[2001:4860:4860::8888]:8443/", "[2001:4860:4860::8888]:8443"),
    ],
)
def test_the_host_header_names_the_port_where_it_is_not_the_usual_one(url, authority):
    assert parse_target(url).authority == authority


def test_a_name_gives_all_its_addresses_once():
    twice = Guard(lookup=lambda host, port: [PUBLIC, PUBLIC, "8.8.8.8"])

    assert twice.resolve("public.example", 443) == (PUBLIC, "8.8.8.8")
    assert guard().resolve("both.example", 443) == (PUBLIC, "2606:4700::1111")


def test_one_inward_address_among_a_thousand_refuses_the_name():
    with pytest.raises(EndpointRejected):
        guard().resolve("many.example", 443)


def test_an_allowed_host_may_resolve_inward_use_http_and_any_port():
    allowed = guard(allow_hosts=["CRM.internal", "crm_db", "localhost", "10.9.9.9"])

    for url in (
        "https://crm.internal/",
        "http://crm.internal:25/",
        "http://crm_db:5432/",
        "http://localhost:8081/",
        "http://10.9.9.9/",
    ):
        assert code_of(allowed, url) is None
    assert allowed.resolve("crm.internal", 80, scheme="http") == ("10.1.2.3",)
    assert code_of(allowed, "https://inward.example/") == "blocked_address"
    assert code_of(allowed, "https://10.1.2.3/") == "blocked_address"


def test_an_allowed_host_does_not_make_an_odd_spelling_plain():
    assert code_of(guard(allow_hosts=["127.1"]), "https://127.1/") == "blocked_address"


def test_an_allowed_network_may_be_reached_by_literal_and_by_name_and_over_http():
    allowed = guard(allow_cidrs=["10.1.0.0/16", "127.0.0.0/8", "fd00::/8"])

    for url in (
        "https://10.1.2.3/",
        "http://10.1.2.3:8080/",
        "http://crm.internal/",
        "http://localhost:9000/",
        "https://[fd00::1]/",
        "https://[::ffff:10.1.2.3]/",
    ):
        assert code_of(allowed, url) is None
    assert allowed.resolve("crm.internal", 80, scheme="http") == ("10.1.2.3",)
    assert code_of(allowed, "https://10.2.0.1/") == "blocked_address"
    assert code_of(allowed, "https://10.1.2.3:22/") == "blocked_address"
    assert code_of(allowed, "http://public.example/") == "bad_url"


def test_every_address_of_a_name_must_be_public_or_allowed():
    names = {"two.example": ["10.1.2.3", "10.2.0.1"], "half.example": ["10.1.2.3", PUBLIC]}
    allowed = Guard(allow_cidrs=["10.1.0.0/16"], lookup=lambda host, port: names[host])

    assert code_of(allowed, "https://two.example/") == "blocked_address"
    assert code_of(allowed, "https://half.example/") is None
    assert code_of(allowed, "http://half.example/") == "bad_url"


def test_http_may_be_allowed_everywhere_without_opening_the_inside():
    plain = guard(allow_http=True)

    assert code_of(plain, "http://public.example/") is None
    assert code_of(plain, "http://inward.example/") == "blocked_address"


def test_our_own_listening_address_is_refused_whatever_is_allowed():
    names = {"me.example": ["127.0.0.1"]}
    own = Guard(
        ["localhost", "me.example"],
        ["127.0.0.0/8", "::/0"],
        denied=[("127.0.0.1", 8080)],
        lookup=lambda host, port: names[host],
    )

    for host in ("127.0.0.1", "localhost", "me.example", "[::ffff:127.0.0.1]"):
        assert code_of(own, f"http://{host}:8080/") == "blocked_address"
        assert code_of(own, f"http://{host}:8081/") is None


@pytest.mark.parametrize("listening", ["0.0.0.0", "::", "localhost"])
def test_a_service_that_listens_everywhere_is_not_reached_over_loopback(listening):
    own = guard(allow_cidrs=["127.0.0.0/8", "::1/128"], denied=[(listening, 8080)])

    assert code_of(own, "http://127.0.0.1:8080/") == "blocked_address"
    assert code_of(own, "http://[::1]:8080/") == "blocked_address"
    assert code_of(own, "http://127.0.0.1:8081/") is None


def test_a_network_that_is_none_stops_the_start_and_names_the_setting():
    with pytest.raises(ConfigError, match="INLET_EGRESS_ALLOW_CIDRS"):
        Guard(allow_cidrs=["10.1.0.0/16", "not-a-network"])


def test_a_name_without_an_address_is_an_error_of_dns():
    for guarded in (guard(), Guard(lookup=lambda host, port: [])):
        with pytest.raises(socket.gaierror):
            guarded.resolve("nowhere.example", 443)


def test_a_hanging_look_up_is_given_up_in_time():
    release = threading.Event()
    hanging = Guard(lookup=lambda host, port: [PUBLIC] if release.wait(10) else [])

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        hanging.resolve("slow.example", 443, wait_s=0.1)
    release.set()

    assert time.monotonic() - began < 3.0


def test_look_ups_that_hang_are_bounded_and_freed_again():
    release, running = threading.Event(), []

    def hang(host, port):
        running.append(host)
        release.wait(10)
        return [PUBLIC]

    bounded = BoundedLookup(hang)
    for number in range(20):
        with pytest.raises(TimeoutError):
            bounded(f"{number}.example", 443, 0.01)
    assert len(running) == 16

    release.set()
    assert bounded("after.example", 443, 5.0) == (PUBLIC,)


def test_a_failure_inside_a_look_up_reaches_the_one_who_waits():
    def fail(host, port):
        raise UnicodeError("label too long")

    with pytest.raises(UnicodeError):
        BoundedLookup(fail)("x.example", 443, 1.0)


@pytest.mark.parametrize("scheme_port", [("https", 443), ("http", 80)])
def test_rebinding_is_checked_on_every_look_up(scheme_port):
    scheme, port = scheme_port
    answers = [["127.0.0.1"], [PUBLIC]] * 500
    rebinding = Guard(allow_http=True, lookup=lambda host, port: answers.pop())

    given = []
    for _ in range(1_000):
        try:
            given.extend(rebinding.resolve("rebind.example", port, scheme=scheme))
        except EndpointRejected:
            given.append("refused")

    assert given == [PUBLIC, "refused"] * 500


def test_the_table_agrees_with_iana_on_the_whole_of_ipv4_by_its_edges():
    edges = {
        "0.255.255.255": False,
        "1.0.0.0": True,
        "9.255.255.255": True,
        "10.255.255.255": False,
        "11.0.0.0": True,
        "100.127.255.255": False,
        "126.255.255.255": True,
        "128.0.0.0": True,
        "168.63.129.15": True,
        "168.63.129.17": True,
        "169.253.255.255": True,
        "169.255.0.0": True,
        "191.255.255.255": True,
        "192.0.0.255": False,
        "192.0.1.0": True,
        "192.0.3.0": True,
        "192.88.98.255": True,
        "192.88.100.0": True,
        "192.167.255.255": True,
        "192.169.0.0": True,
        "198.17.255.255": True,
        "198.20.0.0": True,
        "223.255.255.255": True,
    }

    assert {text: is_public(parse_address(text)) for text in edges} == edges
