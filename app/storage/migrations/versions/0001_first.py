"""Messages, endpoints, deliveries, attempts, API keys, idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_CHANNELS = "'email', 'chat', 'web_form', 'sms', 'social_dm', 'community_post'"
_STATUSES = "'pending', 'delivered', 'dead', 'suppressed'"


def upgrade() -> None:
    """Make the tables of the first release."""
    _messages()
    _endpoints()
    _deliveries()
    _attempts()
    _api_keys()
    _idempotency_keys()


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sender_email", sa.Text()),
        sa.Column("sender_name", sa.Text()),
        sa.Column("thread_id", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text()),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("prediction", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("source", "external_id", name="uq_messages_source_external_id"),
        sa.CheckConstraint(f"channel IN ({_CHANNELS})", name=op.f("ck_messages_channel")),
    )
    op.create_index("ix_messages_created_at", "messages", ["created_at"])


def _endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
        sa.UniqueConstraint("name", name="uq_endpoints_name"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], "fk_deliveries_message_id"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], "fk_deliveries_endpoint_id"),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_deliveries_status")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_deliveries_attempts")),
    )
    for columns in (
        ["message_id"],
        ["status", "next_attempt_at"],
        ["status", "id"],
        ["endpoint_id", "id"],
    ):
        op.create_index("ix_deliveries_" + "_".join(columns), "deliveries", columns)


def _attempts() -> None:
    answered = "status_code IS NOT NULL OR error_code IS NOT NULL"
    op.create_table(
        "attempts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(),
            nullable=False,
        ),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("status_code", sa.Integer()),
        sa.Column("error_code", sa.Text()),
        sa.Column("body_excerpt", sa.Text(), nullable=False),
        sa.Column("retry_after_s", sa.Float()),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], "fk_attempts_delivery_id"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_attempts_number")),
        sa.CheckConstraint(answered, name=op.f("ck_attempts_answer")),
    )
    op.create_index("ix_attempts_delivery_id", "attempts", ["delivery_id"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("sha256", name="uq_api_keys_sha256"),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_api_keys_sha256")),
    )


def _idempotency_keys() -> None:
    body_sha256 = "ck_idempotency_keys_body_sha256"
    message_id = "fk_idempotency_keys_message_id"
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], message_id),
        sa.CheckConstraint("length(body_sha256) = 32", name=op.f(body_sha256)),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
