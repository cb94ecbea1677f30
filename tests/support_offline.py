"""The service as it is, but that Amazon's certificate comes from a file; for a process of its own.

Every address that the service fetches is written down, so that it can be told what it asked for.
"""

import os
from pathlib import Path

from app import reception
from tests.support_proofs import CERTIFICATE_URL

FOLDER = "REPLAY_FOLDER"  # variable: where certificate.pem lies and fetched.txt is written


def run():
    """Run `inlet` with what it is called with."""
    from app.cli import run as inlet

    folder, real = Path(os.environ[FOLDER]), reception._fetching

    def fetching(sender):
        fetch = real(sender)

        def noted(url, authorization):
            with (folder / "fetched.txt").open("a") as fetched:
                fetched.write(f"{url}\n")
            if url == CERTIFICATE_URL:
                return (folder / "certificate.pem").read_bytes()
            return fetch(url, authorization)

        return noted

    reception._fetching = fetching
    inlet()
