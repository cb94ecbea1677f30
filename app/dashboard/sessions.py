"""Who is signed in: begun by a link that works once, known by a cookie, ended by either side."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app.dashboard.cookies import cookie_of, digest_of, form_token_of, read_cookie
from app.domain import LoginLink, Role, Session, new_id
from app.errors import AppError
from app.storage import login_links, server_keys
from app.storage import sessions as stored
from app.storage.engine import Connection, Database
from app.storage.server_keys import SESSIONS

_TOUCH_WAIT_S = 0.1  # for other writers: whoever reads a page waits for none; the next one notes it
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks at a page."""

    name: str
    role: Role
    session: str  # its id
    csrf: str = field(repr=False)  # what the forms of this session carry

    def may(self, role: str) -> bool:
        """Whether they may do what needs a role; templates ask as well."""
        return self.role.covers(Role(role))


class Sessions:
    """Begins, knows and ends sessions. Every call blocks: not for the event loop.

    A session that was ended is known no more at once: nothing of it is remembered here.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._key: bytes | None = None  # made at the first sign-in, and the same ever after

    def find(self, token: str) -> LoginLink | None:
        """Tell whom a link would sign in now; changes nothing."""
        with self._database.read() as conn:
            return login_links.find(conn, digest_of(token), self._now())

    def sign_in(self, token: str, *, instead_of: Viewer | None = None) -> str | None:
        """Use a link up and begin its session; the cookie to set, None where the link is none.

        Args:
            token: Of the link.
            instead_of: Who was signed in by the same browser; that session ends.
        """
        now = self._now()
        with self._database.write() as conn:
            link = login_links.use(conn, digest_of(token), now)
            if link is None:
                return None
            if instead_of is not None:
                stored.end(conn, instead_of.session, now)
            return self._begun(conn, name=link.name, role=link.role)

    def begin(self, *, name: str, role: Role, instead_of: Viewer | None = None) -> str:
        """Begin a session of somebody whom others vouch for; gives the cookie to set.

        Args:
            name: As it stands on pages and beside what they do.
            role: What they may do.
            instead_of: Who was signed in by the same browser; that session ends.
        """
        with self._database.write() as conn:
            if instead_of is not None:
                stored.end(conn, instead_of.session, self._now())
            return self._begun(conn, name=name, role=role)

    def viewer(self, cookie: str) -> Viewer | None:
        """Tell who is signed in by a cookie; None where nobody is, or no more."""
        now = self._now()
        with self._database.read() as conn:
            key = self._known_key(conn)
            digest = None if key is None else read_cookie(key, cookie)
            session = None if digest is None else stored.by_sha256(conn, digest)
        if key is None or session is None or not session.holds(now):
            return None
        self._touch(session, now)
        token = form_token_of(key, session.id)
        return Viewer(name=session.name, role=session.role, session=session.id, csrf=token)

    def end(self, viewer: Viewer) -> None:
        """Sign somebody out; once however often it is asked."""
        with self._database.write() as conn:
            stored.end(conn, viewer.session, self._now())
        log.info("signed_out", session_id=viewer.session)

    def _begun(self, conn: Connection, *, name: str, role: Role) -> str:
        now = self._now()
        secret = secrets.token_urlsafe(32)
        session = Session(
            id=new_id("ses", now),
            name=name,
            role=role,
            created_at=now,
            seen_at=now,
            ended_at=None,
        )
        stored.add(conn, session, sha256=digest_of(secret))
        log.info("signed_in", session_id=session.id, role=role.value)
        return cookie_of(server_keys.made_once(conn, SESSIONS, now=now), secret)

    def _known_key(self, conn: Connection) -> bytes | None:
        if self._key is None:
            self._key = server_keys.find(conn, SESSIONS)
        return self._key

    def _touch(self, session: Session, now: datetime) -> None:
        """Keep a session that is used from running out; a failure costs only this note."""
        if now - session.seen_at < stored.TOUCH_EVERY:
            return
        try:
            with self._database.write(wait_s=_TOUCH_WAIT_S) as conn:
                stored.touch(conn, session.id, now)
        except AppError:
            log.warning("session_use_not_noted", session_id=session.id)
