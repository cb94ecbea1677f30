"""Addresses and URLs that no webhook may go to, and their neighbours that it may.

Source:
    RELIABILITY.md, section 3.6: IANA's special-purpose registries, the metadata addresses of
    clouds, and what other guards were bypassed with.
"""

# fmt: off
REFUSED = (
    # loopback, unspecified
    "127.0.0.1", "127.0.0.2", "127.254.254.254", "0.0.0.0", "0.1.2.3", "::1", "::",
    # spellings that the system's resolver takes for one of these, or for metadata
    "127.1", "0", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1",
    "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "127.0.0.1.",
    # private
    "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.10", "fc00::1", "fd00:ec2::254",
    "fd7a:115c:a1e0::1",
    # link-local, metadata, shared
    "169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%lo", "febf::1",
    "100.64.0.1", "100.100.100.200",
    # special, but global to Python's ipaddress; multicast
    "192.0.0.192", "192.88.99.3", "168.63.129.16", "fec0::1", "3fff::1", "5f00::1",
    "100:0:0:1::1", "224.1.2.3", "233.252.0.16", "239.255.255.250", "ff02::1",
    # documentation, benchmark, reserved
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.6", "240.0.0.1",
    "255.255.255.255", "2001:db8::1", "100::1", "2001:10::1", "2001:2::1", "2001:20::1",
    # IPv4 inside IPv6
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::127.0.0.1",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "2002:7f00:1::1", "2001:0:a9fe:a9fe::1", "2001::1",
)
# fmt: on
CONTROLS = ("8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808")
EDGES = (
    *("100.63.255.254", "100.128.0.1", "172.15.255.255", "172.32.0.1", "2001:4860:4860::8888"),
    "::ffff:8.8.8.8",
)
PUBLIC = "93.184.215.14"
NAMES = {  # that occur in the tricks
    "public.example": (PUBLIC,),
    "127.0.0.1.nip.io": ("127.0.0.1",),
    "inward.example": ("10.0.0.5",),
    "mixed.example": (PUBLIC, "127.0.0.1"),
    "scoped.example": ("fe80::1%lo",),
    "many.example": (*(f"93.184.{n // 250}.{n % 250}" for n in range(999)), "169.254.169.254"),
}
TRICKS = (  # PORT: where something listens
    "http://localhost:PORT/",
    "http://localhost.:PORT/",
    "http://LOCALHOST:PORT/",
    "http://any.localhost:PORT/",
    "http://127.0.0.1.nip.io:PORT/",
    "http://inward.example:PORT/",
    "http://mixed.example:PORT/",
    "http://scoped.example:PORT/",
    "http://many.example:PORT/",
    "http://[::1%lo]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[127.0.0.1]:PORT/",
    "http://::1:PORT/",
    "https://::1",
    "http://1:2@[::1]:PORT/",
    "http://@[::1]:PORT/",
    "http://user:secret@127.0.0.1:PORT/",
    "http://public.example@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT#@public.example/",
    "http://public.example#@127.0.0.1:PORT/",
    "http://public.example\\@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@public.example/",
    "http://public.example\\.127.0.0.1:PORT/",
    "http://[0:0:0:0:0:ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
    "http://\uff11\uff12\uff17.0.0.1:PORT/",
    "http://127\u30020\u30020\u30021:PORT/",
    "http://\u2460\u2461\u2466.0.0.1:PORT/",
    "http://l\u24dfcalhost:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127.0.0.1%2f@public.example:PORT/",
    "http://127.0.0.1%00.public.example:PORT/",
    "http://127.0.0.1:PORT:80/",
    "http://127.0.0.1 :PORT/",
    "http://127.0.0.1\t:PORT/",
    " http://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/\r\nHost: public.example",
    "http:/127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_GET",
    "javascript:alert(1)",
    "anythingelse://127.0.0.1:PORT/",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "unix:/var/run/docker.sock",
    "https://",
    "https:///127.0.0.1:PORT/",
    "https://:PORT/",
    "https://./",
    "https://public.example./",
    "https://public.example/" + "a" * 65_537,
    "https://{{host}}/hook",
    "https://${HOST}/hook",
    "https://public.example:0/",
    "https://public.example:65536/",
    "https://public.example:22/",
    "https://public.example:25/",
    "https://public.example:5432/",
    "https://public.example:6379/",
    "",
)


def url_of(host: str, port: int, *, scheme: str = "http") -> str:
    """Write a literal or a name as a URL."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/hook"
