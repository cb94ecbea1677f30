"""The review queue: which messages a person should look at, and how unsure the model was."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the queue; it begins empty, since thresholds of earlier messages were not kept."""
    op.create_table(
        "review",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_review"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_review_message_id"),
    )
    op.create_index("ix_review_kind_margin_message_id", "review", ["kind", "margin", "message_id"])
