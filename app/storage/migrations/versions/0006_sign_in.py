"""Who looks at the pages: links that sign in once, and sessions that can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ROLES = "'viewer', 'agent', 'admin'"


def upgrade() -> None:
    """Make the tables of login links and of sessions."""
    _login_links()
    _sessions()


def _login_links() -> None:
    op.create_table(
        "login_links",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sha256", name="pk_login_links"),
        sa.CheckConstraint(f"role IN ({_ROLES})", name=op.f("ck_login_links_role")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_login_links_sha256")),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("sha256", name="uq_sessions_sha256"),
        sa.CheckConstraint(f"role IN ({_ROLES})", name=op.f("ck_sessions_role")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_sessions_sha256")),
    )
