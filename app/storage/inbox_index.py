"""The words of messages: FTS5 on SQLite, a GIN index on PostgreSQL; both find the same.

Source:
    https://sqlite.org/fts5.html, sections 4.4.2 (contentless tables) and 4.6 (detail).
"""

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy import text as sql

from app.storage.words import Asked

_POSTGRESQL = "postgresql"
_ADD = {
    "sqlite": "INSERT INTO inbox_words (rowid, words) VALUES (:number, :words)",
    _POSTGRESQL: (
        "INSERT INTO inbox_words (number, words)"
        " VALUES (:number, array_to_tsvector(CAST(:words AS text[])))"
    ),
}
_DROP = {  # FTS5 keeps no content here, so it has to be told what it once was
    "sqlite": (
        "INSERT INTO inbox_words (inbox_words, rowid, words) VALUES ('delete', :number, :words)"
    ),
    _POSTGRESQL: "DELETE FROM inbox_words WHERE number = :number",
}
_FIND = {
    "sqlite": (
        "SELECT rowid FROM inbox_words WHERE inbox_words MATCH :asked AND rowid < :before"
        " ORDER BY rowid DESC LIMIT :limit"
    ),
    _POSTGRESQL: (
        "SELECT number FROM inbox_words WHERE words @@ CAST(:asked AS tsquery)"
        " AND number < :before ORDER BY number DESC LIMIT :limit"
    ),
}
# A plan for any words would not know that one of them is in every third message.
_PLAN_ANEW = sql("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


def add(conn: Connection, number: int, words: Sequence[str]) -> None:
    """Let a message be found by its words, which are those of `words_of`."""
    conn.execute(sql(_ADD[conn.dialect.name]), {"number": number, "words": _kept(conn, words)})


def drop(conn: Connection, number: int, words: Sequence[str]) -> None:
    """Let a message be found no longer; the words are those that it was added with."""
    given: dict[str, object] = {"number": number}
    if conn.dialect.name != _POSTGRESQL:
        given["words"] = _kept(conn, words)
    conn.execute(sql(_DROP[conn.dialect.name]), given)


def overwrite_dropped(conn: Connection) -> None:
    """Take the words of dropped messages off the disk, where FTS5 only says that they are gone.

    It writes the whole index anew, in a second for 100,000 messages: once for many that go. Its
    option `secure-delete` does it word by word, and SQLite has that from 3.42 on alone.

    Source:
        https://sqlite.org/fts5.html, section 6, the commands `optimize` and `secure-delete`.
    """
    if conn.dialect.name != _POSTGRESQL:  # which does it when it vacuums
        conn.execute(sql("INSERT INTO inbox_words (inbox_words) VALUES ('optimize')"))


def find(conn: Connection, asked: Asked, *, before: int, limit: int) -> list[int]:
    """Give the numbers of messages that have what is asked for, the newest first."""
    if asked.nothing:
        return []
    if conn.dialect.name == _POSTGRESQL:
        conn.execute(_PLAN_ANEW)
    given = {"asked": _written(conn, asked), "before": before, "limit": limit}
    return list(conn.execute(sql(_FIND[conn.dialect.name]), given).scalars())


def _kept(conn: Connection, words: Sequence[str]) -> str | list[str]:
    return list(words) if conn.dialect.name == _POSTGRESQL else " ".join(words)


def _written(conn: Connection, asked: Asked) -> str:
    """Write a query; its words are letters and digits alone, so that none is an operator."""
    if conn.dialect.name == _POSTGRESQL:
        terms, beginning = [f"'{word}'" for word in asked.words], f"'{asked.beginning}':*"
        between = " & "
    else:
        terms, beginning = [f'"{word}"' for word in asked.words], f'"{asked.beginning}"*'
        between = " AND "
    return between.join([*terms, beginning] if asked.beginning is not None else terms)
