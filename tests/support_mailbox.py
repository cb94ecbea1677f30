"""A real mail server on loopback that keeps what it takes, for tests of the mail we send."""

import asyncio
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from functools import partial

from aiosmtpd.smtp import SMTP, AuthResult

HOST = "mail.example"
USER, PASSWORD = "inlet@mail.example", "s3cret/@:"


class Mailbox:
    """Keeps envelopes; refuses what it is told to."""

    def __init__(self, refusals=()):
        self._refusals = dict(refusals)  # recipient -> answer
        self.envelopes = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self._refusals:
            return self._refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "data" in self._refusals:
            return self._refusals["data"]
        self.envelopes.append((envelope, session.ssl is not None, session.authenticated))
        return "250 kept"


def _authenticate(server, session, envelope, mechanism, data):
    known = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=known, handled=known)


@contextmanager
def mail_server(box, *, tls=None, implicit=False, auth=False):
    """Serve a mailbox from a thread; gives its port."""
    started, held = threading.Event(), {}
    given = {"hostname": HOST, "enable_SMTPUTF8": False}
    if auth:
        given |= {"authenticator": _authenticate, "auth_required": True}

    served = []

    def serve():
        served.append(SMTP(box, tls_context=None if implicit else tls, **given))
        return served[-1]

    async def main():
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        held["stop"] = partial(loop.call_soon_threadsafe, stop.set)
        server = await loop.create_server(serve, sock=listener, ssl=tls if implicit else None)
        started.set()
        async with server:
            await stop.wait()
        for one in served:  # after STARTTLS there are two, of which aiosmtpd closes one
            for transport in (one.transport, one._original_transport):
                if transport is not None:
                    transport.abort()
        await asyncio.sleep(0.01)  # they close their sockets in the loop

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
        thread.start()
        assert started.wait(30)
        try:
            yield port
        finally:
            held["stop"]()
            thread.join(30)


def certificate(folder):
    """A server's context for mail.example, and a client's that trusts it."""
    key, pem = folder / "mail.key", folder / "mail.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-nodes", "-keyout", key, "-out", pem, "-days", "2"]
    subprocess.run([*make, *names, *files], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, key)
    client = ssl.create_default_context()
    client.load_verify_locations(pem)
    return server, client
