"""PostgreSQL as Inlet uses it: durable commits, and a deadline on every wait."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy import text as sql

_T = TypeVar("_T")

_STATEMENT_RATIO = 2.0  # of busy_timeout_s: how long the server may work on one statement
_ANSWER_RATIO = 2.5  # of busy_timeout_s: how long a server may say nothing, dead or alive
_IDLE_TIMEOUT_S = 60  # a transaction whose client has stopped must not hold its rows
_NETWORK = {  # a dead network is noticed within 25 s
    "tcp_user_timeout": 20_000,  # ms, for what was sent and not acknowledged
    "keepalives": 1,
    "keepalives_idle": 10,  # s, while waiting for an answer
    "keepalives_interval": 5,  # s
    "keepalives_count": 3,
}
_CONNECTIONS = 10
_OVERFLOW = 10


class AnsweredConnection(psycopg.Connection[Any]):
    """Gives up a server that keeps the line and says nothing, which no setting of libpq does."""

    answer_timeout_s: float

    def wait(self, gen: PQGen[_T], *args: Any, **kwargs: Any) -> _T:
        """Wait for an answer, but not for ever."""
        return super().wait(self._answered(gen), *args, **kwargs)

    def _answered(self, gen: PQGen[_T]) -> PQGen[_T]:
        deadline = time.monotonic() + self.answer_timeout_s
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.close()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as end:
            answer: _T = end.value
            return answer


def writer_engine(url: URL, *, busy_timeout_s: float) -> Engine:
    """Give an engine with a bounded pool, which outlives restarts of the server."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        pool_pre_ping=True,
        pool_size=_CONNECTIONS,
        max_overflow=_OVERFLOW,
        pool_timeout=busy_timeout_s,
        hide_parameters=True,  # errors must not carry messages
        use_native_hstore=False,
        connect_args={
            **_NETWORK,
            "connect_timeout": max(2, min(5, round(busy_timeout_s))),  # libpq takes 2 s or more
            "options": _options(url, busy_timeout_s),
            "prepare_threshold": None,  # prepared plans break when a migration changes a table
        },
    )

    def connect(dialect: object, record: object, args: Any, values: Any) -> AnsweredConnection:
        connection = AnsweredConnection.connect(*args, **values)
        connection.answer_timeout_s = busy_timeout_s * _ANSWER_RATIO
        return connection

    event.listen(engine, "do_connect", connect)
    return engine


def reader_engine(writer: Engine) -> Engine:
    """Give the same pool, with transactions that see one snapshot and cannot write."""
    return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def patient(conn: Connection, *, lock_timeout_s: int, statement_timeout_s: int) -> Iterator[None]:
    """Let the statements of a block take longer than those of a request may."""
    driver = conn.connection.driver_connection
    if not isinstance(driver, AnsweredConnection):
        raise TypeError("only a connection of writer_engine can be patient")
    usual_s = driver.answer_timeout_s
    driver.answer_timeout_s = statement_timeout_s + 5.0
    try:
        conn.execute(sql(f"SET LOCAL lock_timeout = '{lock_timeout_s}s'"))
        conn.execute(sql(f"SET LOCAL statement_timeout = '{statement_timeout_s}s'"))
        yield
    finally:
        driver.answer_timeout_s = usual_s


def _options(url: URL, busy_timeout_s: float) -> str:
    settings = {
        "synchronous_commit": "on",
        "lock_timeout": _milliseconds(busy_timeout_s),
        "statement_timeout": _milliseconds(busy_timeout_s * _STATEMENT_RATIO),
        "idle_in_transaction_session_timeout": _milliseconds(_IDLE_TIMEOUT_S),
    }
    ours = [f"-c {name}={value}" for name, value in settings.items()]
    return " ".join([*ours, *url.normalized_query.get("options", ())])


def _milliseconds(duration_s: float) -> str:
    return f"{max(1, round(duration_s * 1000))}ms"
