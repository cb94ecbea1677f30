"""The real HTTP edge over a real database and the real batcher; only the model is a fake."""

import asyncio
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from sqlalchemy import func, select
from starlette.testclient import TestClient
from support import TRUST, a_key, an_endpoint
from support_predict import MODEL_VERSION, predict_by_word

from app.api.application import create_api
from app.api.auth import Authenticator, new_key
from app.api.metrics import Metrics
from app.api.services import Services
from app.batching import Batcher
from app.explaining import Explainer
from app.intake import Intake
from app.reception import mailroom_of
from app.replies.telling import Telling
from app.routing.loading import load_policy
from app.settings import Settings
from app.storage import endpoints, keys, tables
from app.storing import Store
from app.webhook.guard import Guard
from app.webhook.sender import Sender

HOST = "127.0.0.1:8080"
LOOPS = ("worker", "mailroom", "timekeeper", "accountant")
NOTHING_STORED = {"messages": 0, "deliveries": 0, "idempotency_keys": 0}
MESSAGE = {"text": "What is the price, and may we see a demo today?", "subject": "Pricing"}


@dataclass(frozen=True)
class Reply:
    """What an application sent, without a client between."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self):
        return json.loads(self.content)


class Api:
    """An application with everything behind it, and ways to look at what it did."""

    def __init__(self, database, clock, *, predict=predict_by_word, host="127.0.0.1", **settings):
        self.clock = clock
        self.database = database
        self.enqueued = 0
        self.monotonic_s = 1_000.0
        self.settings = Settings(host=host, **settings)
        self.batcher = Batcher(
            predict,
            max_batch=self.settings.max_batch,
            max_waiting=self.settings.max_waiting,
            max_wait_s=self.settings.max_wait_s,
            passes=1,  # so that one call fills it
        )
        self.app = create_api(self._services())

    @staticmethod
    def for_channel(prediction, channel):
        """SMS counts from half as much as the rest, as if the model had learnt so."""
        limits = dict.fromkeys(prediction.intents, 0.25)
        return prediction.with_thresholds(limits) if channel == "sms" else prediction

    def read_arrivals(self):
        """Let the mailroom read all that waits, as its thread would."""
        while self.app.state.services.mailroom.read_due():
            pass

    def _services(self, **changes):
        policy = load_policy(None, known_intents=None)
        intake = Intake(
            database=self.database,
            submit=self.batcher.submit,
            for_channel=self.for_channel,
            policy=lambda: policy,
            store=Store(
                database=self.database, now=self.clock, telling=Telling(personal_data=True)
            ),
            now=self.clock,
            predict_timeout_s=self.settings.predict_timeout_s,
            personal_data=True,
            on_enqueued=self._wake,
            explain=self._explainer().explain,
        )
        guard = Guard((), ("127.0.0.0/8",), False)
        sender = Sender(guard, timeout_s=5.0, ssl_context=TRUST())
        values = {
            "classify": self.batcher.submit,
            "check_room": self.batcher.check_room,
            "for_channel": self.for_channel,
            "explain": self._explainer().explain,
            "waiting": lambda: self.batcher.waiting,
            "intake": intake,
            "mailroom": mailroom_of(self.settings, self.database, intake, sender, now=self.clock),
            "database": self.database,
            "settings": self.settings,
            "now": self.clock,
            "model_ready": lambda: self.batcher.alive,
            "model_version": lambda: MODEL_VERSION,
            "loops": lambda: dict.fromkeys(LOOPS, "running"),
            "policy_problem": lambda: None,
            "begin": sender.begin,
            "guard": guard,
            "auth": Authenticator(
                self.database,
                listens_on=self.settings.host,
                now=self.clock,
                monotonic=lambda: self.monotonic_s,
            ),
            "metrics": Metrics(CollectorRegistry()),
        }
        return Services(**{**values, **changes})

    def _explainer(self):
        return Explainer(
            self.batcher.submit_later,
            lambda: self.batcher.waiting,
            timeout_s=self.settings.predict_timeout_s,
        )

    def rebuild(self, **changes):
        self.app = create_api(self._services(**changes))

    def client(self, *, client_host="127.0.0.1", host=HOST, key=None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return TestClient(
            self.app, base_url=f"http://{host}", client=(client_host, 50_000), headers=headers
        )

    def posted(self, path, raws, *, content_type="application/json"):
        """Post many bodies one after the other in one event loop: many times a client's speed."""
        return asyncio.run(self._posted(path, raws, content_type))

    async def _posted(self, path, raws, content_type):
        return [await self._post(path, raw, content_type) for raw in raws]

    async def _post(self, path, raw, content_type):
        sent = []

        async def receive():
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message):
            sent.append(message)

        await self.app(_scope(path, raw, content_type), receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], headers, b"".join(part["body"] for part in sent[1:]))

    def add_key(self, *scopes, number=1, **changes):
        plaintext, digest, prefix = new_key()
        key = a_key(id=f"key_{number}", prefix=prefix, scopes=frozenset(scopes), **changes)
        with self.database.write() as conn:
            keys.add(conn, key, sha256=digest)
        return plaintext

    def add_endpoint(self, **changes):
        with self.database.write() as conn:
            endpoints.add(conn, an_endpoint(**changes))

    def stored(self):
        """How many rows of each kind there are."""
        with self.database.read() as conn:
            return {
                table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (tables.messages, tables.deliveries, tables.idempotency_keys)
            }

    def close(self):
        self.batcher.close(5.0)

    def _wake(self):
        self.enqueued += 1


def _scope(path, raw, content_type):
    headers = {
        "host": HOST,
        "content-type": content_type,
        "content-length": str(len(raw)),
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
    }


@contextmanager
def running_api(database, clock, **options):
    api = Api(database, clock, **options)
    try:
        yield api
    finally:
        api.close()


def until(holds, *, deadline_s=10):
    """Whether something comes true in time, where there is no event to wait for."""
    end = time.monotonic() + deadline_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()
