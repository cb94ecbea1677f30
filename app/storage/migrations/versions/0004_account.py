"""An index for the account of deliveries: what was promised, without reading the messages."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Index the messages that deliveries were promised with."""
    some = sa.text("promised > 0")
    op.create_index(
        "ix_messages_promised", "messages", ["promised"], sqlite_where=some, postgresql_where=some
    )
