"""The audit trail: who did what to what, when, and what was sent and answered. Written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asyncpg import Connection

from hedgerow.core.observe import redact


async def note(
    connection: Connection[Any],
    at: datetime,
    *,
    actor: str,
    subject: str,
    subject_id: str,
    action: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Adds a line inside the caller's transaction; secrets in `data` are masked."""
    await connection.execute(
        "insert into audit (at, actor, subject, id, action, data) values ($1, $2, $3, $4, $5, $6)",
        at,
        actor,
        subject,
        subject_id,
        action,
        redact(dict(data or {})),
    )
