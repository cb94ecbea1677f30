"""What the drivers raise, in the words of app.errors and without what was to be stored."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.errors import StorageDown

_MISTAKES = (DataError, NotSupportedError, ProgrammingError)  # ours, not the database's


@contextmanager
def translated() -> Iterator[None]:
    """Raise StorageDown for what the database did not do, and ValueError for rows it must refuse.

    What a column type refuses (app.errors.Refused, ValueError) is raised as the type raised it.
    """
    try:
        yield
    except IntegrityError as error:
        raise ValueError(f"the row breaks {_constraint(error)}") from None
    except DBAPIError as error:
        if isinstance(error, _MISTAKES) and not error.connection_invalidated:
            raise
        raise StorageDown("the database is not available; nothing was acknowledged") from error
    except PoolTimeoutError as error:
        raise StorageDown("all connections to the database are in use") from error
    except StatementError as error:
        raise (error.orig or error) from None


def _constraint(error: IntegrityError) -> str:
    """Name what was broken; PostgreSQL's own sentence would quote the whole row."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is None:
        return str(error.orig)
    return f"{diagnosis.constraint_name or diagnosis.column_name}"
