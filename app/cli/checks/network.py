"""The ways in and out: the proxy before the service, and the endpoints behind it."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import httpx2

from app.api.same_site import is_loopback
from app.cli.checks.seen import Seen, together
from app.domain import Endpoint
from app.errors import EndpointRejected
from app.parts import guard_of, open_database_of
from app.routing.loading import load_policy
from app.settings import Settings
from app.storage import endpoints
from app.webhook.guard import Guard
from app.webhook.mail_target import MailTarget, is_mail_url, parse_mail_target
from app.webhook.target import Target, parse_target

_CALL_S = 3.0  # for an answer, and for a connection
_AT_ONCE = 16  # connections that are tried
_REFUSED = (401, 403)


def proxy(settings: Settings) -> Seen:
    """Call the service as strangers do, and see whether they are asked for a key."""
    if settings.public_url is None:
        if is_loopback(settings.host):
            return Seen("none: INLET_PUBLIC_URL is unset, and only this machine can call")
        return Seen(
            "none: others can call, and what they send travels in clear",
            "put a proxy with TLS before the service, and set INLET_PUBLIC_URL to its address",
        )
    host = httpx2.URL(settings.public_url).host
    if is_loopback(host):
        return Seen("INLET_PUBLIC_URL is this machine's own", "set it to what others can reach")
    clear = settings.public_url.startswith("http://")
    return together(
        Seen("its address is http://", "let the proxy speak TLS: keys travel by it")
        if clear
        else Seen(""),
        asked_seen(asked(settings.public_url), settings.port),
    )


def receivers(settings: Settings) -> Seen:
    """Look up every endpoint by its name, and connect to it; nothing is sent."""
    with closing(open_database_of(settings)) as database, database.read() as conn:
        found = endpoints.all_endpoints(conn)
    on = [endpoint for endpoint in found if endpoint.enabled]
    with ThreadPoolExecutor(_AT_ONCE, "doctor") as pool:
        tried = list(pool.map(partial(reached, guard_of(settings)), on))
    told = Seen(f"{len(found)} there, {sum(not one.detail for one in tried)} answer")
    return together(told, *tried, _disabled_seen(found), _missing_seen(settings, found))


def asked(url: str) -> tuple[int, int] | None:
    """Ask without a key, and read no body. Returns the statuses that `asked_seen` takes."""
    try:
        with httpx2.Client(timeout=_CALL_S, trust_env=False) as client:
            statuses = [
                _status(client, url + path) for path in ("/livez", "/v1/deliveries?limit=1")
            ]
    except httpx2.HTTPError:
        return None
    return statuses[0], statuses[1]


def asked_seen(statuses: tuple[int, int] | None, port: int) -> Seen:
    """Tell what a stranger was answered.

    Args:
        statuses: Of /livez and of a listing that needs a key; None: there was no answer.
        port: That the proxy should pass calls on to.
    """
    if statuses is None or statuses[0] != httpx2.codes.OK:
        said = "does not answer" if statuses is None else f"answers {statuses[0]}"
        mend = f"start the service, and let the proxy pass its calls on to port {port}"
        return Seen(f"INLET_PUBLIC_URL {said}", mend)
    if statuses[1] in _REFUSED:
        return Seen("who calls by INLET_PUBLIC_URL is asked for a key")
    if statuses[1] == httpx2.codes.OK:
        return Seen(
            "who calls by INLET_PUBLIC_URL needs no key, and passes for this machine's own user",
            "`inlet keys create NAME`, and let the proxy send X-Forwarded-For",
            ok=False,
        )
    return Seen(
        f"/v1 answers {statuses[1]} by INLET_PUBLIC_URL", "let the proxy pass every path on"
    )


def reached(guard: Guard, endpoint: Endpoint) -> Seen:
    """Look an endpoint's name up and connect to it; say something only where that fails."""
    try:
        target = _target_of(endpoint.url)
        addresses = guard.resolve(target.host, target.port, scheme=target.scheme, wait_s=_CALL_S)
    except EndpointRejected as error:
        return Seen(f"{endpoint.name}: {error.detail}", ok=False)
    except OSError:
        mend = "see how it is spelt, and which DNS server this machine asks"
        return Seen(f"{endpoint.name}: its name has no address", mend, ok=False)
    try:
        socket.create_connection((addresses[0], target.port), timeout=_CALL_S).close()
    except OSError as error:
        reason = error.strerror or "no answer in time"
        return Seen(
            f"{endpoint.name}: {reason}", f"`inlet endpoints test {endpoint.name}` says more"
        )
    return Seen("")


def _status(client: httpx2.Client, url: str) -> int:
    with client.stream("GET", url) as response:
        return response.status_code


def _target_of(url: str) -> Target | MailTarget:
    return parse_mail_target(url) if is_mail_url(url) else parse_target(url)


def _disabled_seen(found: Sequence[Endpoint]) -> Seen:
    off = [endpoint.name for endpoint in found if not endpoint.enabled]
    if not off:
        return Seen("")
    return Seen(f"disabled: {', '.join(off)}", f"`inlet endpoints enable {off[0]}`")


def _missing_seen(settings: Settings, found: Sequence[Endpoint]) -> Seen:
    policy = load_policy(settings.policy, known_intents=None)
    wanted = {name for rule in (*policy.rules, policy.otherwise) for name in rule.endpoints}
    missing = sorted(wanted.difference(endpoint.name for endpoint in found))
    if not missing:
        return Seen("")
    return Seen(
        f"the policy names {', '.join(missing)}, not added yet",
        f"`inlet endpoints add {missing[0]} https://…`",
    )
