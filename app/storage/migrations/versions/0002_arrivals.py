"""What providers send, kept as it came; and what is known of a message beside its text."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_STATUSES = "'waiting', 'read', 'ignored', 'failed'"


def upgrade() -> None:
    """Make the table of arrivals, and give messages room for facts."""
    op.add_column("messages", sa.Column("facts", sa.Text()))
    op.create_index(
        "ix_messages_source_thread_id_received_at",
        "messages",
        ["source", "thread_id", "received_at"],
    )
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("once", sa.Text()),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.Text()),
        sa.Column("message_ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_arrivals"),
        sa.UniqueConstraint("source", "sha256", name="uq_arrivals_source_sha256"),
        sa.UniqueConstraint("source", "once", name="uq_arrivals_source_once"),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_arrivals_status")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_arrivals_sha256")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_arrivals_attempts")),
    )
    op.create_index("ix_arrivals_status_next_attempt_at", "arrivals", ["status", "next_attempt_at"])
    op.create_index("ix_arrivals_received_at", "arrivals", ["received_at"])
