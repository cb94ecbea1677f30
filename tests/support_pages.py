"""The application with its pages, and people who are signed in to them."""

from contextlib import contextmanager

from starlette.testclient import TestClient
from support_api import HOST, running_api

from app.dashboard.application import add_dashboard
from app.dashboard.inviting import invite
from app.dashboard.sessions import Sessions
from app.domain import Role


class Pages:
    """An application with pages, and browsers that look at them."""

    def __init__(self, api):
        self.api = api
        add_dashboard(api.app)

    def browser(self, role=None, *, name="Ana", base_url=f"http://{HOST}"):
        """A browser that follows no redirects, signed in where it has a role."""
        client = TestClient(self.api.app, base_url=base_url, follow_redirects=False)
        if role is not None:
            cookie = self.sessions.begin(name=name, role=Role(role))
            secure = base_url.startswith("https")
            client.cookies.set("__Host-inlet_session" if secure else "inlet_session", cookie)
        return client

    @property
    def sessions(self):
        return Sessions(self.api.database, now=self.api.clock)

    def link(self, *, name="Ana", role="agent"):
        """A link's token, new."""
        return invite(self.api.database, name=name, role=Role(role), now=self.api.clock())

    def csrf_of(self, browser):
        """What the forms of this browser's session carry."""
        cookie = next(one.value for one in browser.cookies.jar if one.name.endswith("session"))
        return self.sessions.viewer(cookie).csrf


@contextmanager
def running_pages(database, clock, **options):
    with running_api(database, clock, **options) as api:
        yield Pages(api)
