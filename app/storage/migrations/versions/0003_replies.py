"""Reply clocks, owners' turns, feedback; who wrote, for whom; endpoints with formats and limits."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STATUSES = "'running', 'acknowledged', 'closed'"
_STEPS = "'started', 'reminded', 'reassigned', 'escalated', 'acknowledged', 'closed'"
_PRIVATE = (  # hosts of private addresses; app.routing.private_mail has them all
    *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com"),
    *("icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de", "proton.me", "mail.ru"),
)
_DOMAIN = {
    "sqlite": "lower(substr(sender_email, instr(sender_email, '@') + 1))",
    "postgresql": "lower(split_part(sender_email, '@', 2))",
}


def upgrade() -> None:
    """Give messages their person and company, endpoints their limits, and make the new tables."""
    _messages()
    _endpoints()
    _reply_clocks()
    _clock_events()
    _small_tables()
    op.create_index(
        "ix_deliveries_endpoint_id_status_next_attempt_at",
        "deliveries",
        ["endpoint_id", "status", "next_attempt_at"],
    )


def _messages() -> None:
    op.add_column("messages", sa.Column("contact", sa.Text()))
    op.add_column("messages", sa.Column("account", sa.Text()))
    op.add_column(
        "messages", sa.Column("promised", sa.Integer(), nullable=False, server_default="0")
    )
    messages = sa.table("messages", *map(sa.column, ("id", "sender_email", "contact", "account")))
    domain: sa.ColumnElement[str] = sa.literal_column(_DOMAIN[op.get_bind().dialect.name])
    op.execute(
        messages.update()
        .where(messages.c.sender_email.like("%@%"))
        .values(
            contact=sa.func.lower(messages.c.sender_email),
            account=sa.case((domain.in_(_PRIVATE), None), else_=domain),
        )
    )
    op.execute(
        "UPDATE messages SET promised ="
        " (SELECT count(*) FROM deliveries WHERE deliveries.message_id = messages.id)"
    )
    op.create_index("ix_messages_contact_received_at", "messages", ["contact", "received_at"])
    op.create_index("ix_messages_account_received_at", "messages", ["account", "received_at"])


def _endpoints() -> None:
    for column in (
        sa.Column("format", sa.Text(), nullable=False, server_default="webhook"),
        sa.Column("options", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("retired", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("max_in_flight", sa.Integer(), nullable=False, server_default="4"),
        sa.Column("rate_per_s", sa.Float()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("open_until", sa.BigInteger()),
    ):
        op.add_column("endpoints", column)


def _reply_clocks() -> None:
    op.create_table(
        "reply_clocks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("contact", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("promised_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("settled_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_reply_clocks"),
        sa.UniqueConstraint("message_id", name="uq_reply_clocks_message_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_reply_clocks_message_id"),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_reply_clocks_status")),
        sa.CheckConstraint("level >= 0", name=op.f("ck_reply_clocks_level")),
        sa.CheckConstraint(
            "(status = 'running') = (next_at IS NOT NULL)", name=op.f("ck_reply_clocks_next_at")
        ),
        sa.CheckConstraint(
            "(status = 'running') = (settled_at IS NULL)", name=op.f("ck_reply_clocks_settled_at")
        ),
    )
    for columns in (
        ["started_at"],
        ["status", "next_at"],
        ["owner", "status"],
        ["contact", "started_at"],
        ["account", "started_at"],
    ):
        op.create_index(f"ix_reply_clocks_{'_'.join(columns)}", "reply_clocks", columns)


def _clock_events() -> None:
    op.create_table(
        "clock_events",
        sa.Column("clock_id", sa.Text(), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("promised", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("clock_id", "step", "level", name="pk_clock_events"),
        sa.ForeignKeyConstraint(["clock_id"], ["reply_clocks.id"], name="fk_clock_events_clock_id"),
        sa.CheckConstraint(f"step IN ({_STEPS})", name=op.f("ck_clock_events_step")),
        sa.CheckConstraint("promised >= 0", name=op.f("ck_clock_events_promised")),
    )


def _small_tables() -> None:
    op.create_table(
        "turns",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("credit", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "owner", name="pk_turns"),
    )
    op.create_table(
        "once",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_once"),
    )
    op.create_index("ix_once_until", "once", ["until"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text()),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_feedback_message_id"),
    )
    op.create_index("ix_feedback_message_id", "feedback", ["message_id"])
    op.create_index("ix_feedback_created_at", "feedback", ["created_at"])
    op.create_table(
        "server_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_server_keys"),
    )
