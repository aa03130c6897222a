"""The table `alerts`: what is wrong, since when, and who has been told.

Here belongs keeping what the rules find from one look to the next, so that everybody is told once, and once more when it is
over.  What passes within NOTIFY_AFTER is nobody's business; what comes and goes is one alert, not many.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from market_pipeline.storage.database import Connection
from market_pipeline.tracking.alerts import Alert

NOTIFY_AFTER = timedelta(minutes=2)
CLOSE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAlert:
    """A row of `alerts`."""

    alert_id: int
    name: str
    subject: str
    severity: str
    message: str
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    notified_at: datetime | None


_KNOWN = """
    SELECT alert_id, name, subject, severity, message, first_seen_at, last_seen_at, closed_at, notified_at FROM alerts WHERE
"""
_WORST_FIRST = " ORDER BY severity, first_seen_at, alert_id"  # critical comes before warning


def record_alerts(connection: Connection, found: Iterable[Alert], now: datetime) -> None:
    """Open what is new, keep open what is still there, and close what has not been found for CLOSE_AFTER."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO alerts (name, subject, severity, message, first_seen_at, last_seen_at)
            VALUES (%(name)s, %(subject)s, %(severity)s, %(message)s, %(now)s, %(now)s)
            ON CONFLICT (name, subject) WHERE closed_at IS NULL DO UPDATE SET
                severity = excluded.severity, message = excluded.message, last_seen_at = excluded.last_seen_at
            """,
            [
                {"name": one.name, "subject": one.subject, "severity": one.severity, "message": one.message, "now": now}
                for one in found
            ],
        )
        cursor.execute(
            "UPDATE alerts SET closed_at = %s WHERE closed_at IS NULL AND last_seen_at <= %s", [now, now - CLOSE_AFTER]
        )


def open_alerts(connection: Connection) -> list[KnownAlert]:
    """What is wrong, the worst and oldest first."""
    with connection.cursor(row_factory=class_row(KnownAlert)) as cursor:
        return cursor.execute(_KNOWN + "closed_at IS NULL" + _WORST_FIRST).fetchall()


def untold(connection: Connection, recipient: str) -> list[KnownAlert]:
    """What a recipient has to be told: open alerts that last, and the end of those that it was told of."""
    with connection.cursor(row_factory=class_row(KnownAlert)) as cursor:
        return cursor.execute(
            _KNOWN
            + "(closed_at IS NULL AND last_seen_at >= first_seen_at + %(lasting)s AND %(recipient)s <> ALL (notified))"
            " OR (closed_at IS NOT NULL AND %(recipient)s = ANY (notified) AND %(recipient)s <> ALL (recovery_notified))"
            + _WORST_FIRST,
            {"lasting": NOTIFY_AFTER, "recipient": recipient},
        ).fetchall()


def mark_told(connection: Connection, recipient: str, told: Iterable[KnownAlert], now: datetime) -> None:
    """Remember that a recipient has been told of these, as they are."""
    listed = list(told)
    parameters = {"recipient": recipient, "now": now}
    with connection.transaction():
        connection.execute(
            "UPDATE alerts SET notified = notified || %(recipient)s::text, notified_at = %(now)s WHERE alert_id = ANY (%(ids)s)",
            {**parameters, "ids": [one.alert_id for one in listed if one.closed_at is None]},
        )
        connection.execute(
            "UPDATE alerts SET recovery_notified = recovery_notified || %(recipient)s::text, recovery_notified_at = %(now)s"
            " WHERE alert_id = ANY (%(ids)s)",
            {**parameters, "ids": [one.alert_id for one in listed if one.closed_at is not None]},
        )
