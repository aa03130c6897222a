"""Telling people: one message to one recipient, by Apprise.

Here belongs how a message is written and sent.  A recipient is an Apprise URL, which often holds a password or a token: it is
known to others by its hash and shown as the name of its service, and no part of it gets into a message, a log or an error.
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from market_pipeline.tracking.alert_log import KnownAlert

MOST_LINES = 20  # alerts in one message; the number of all is in its title


class DeliveryFailed(Exception):
    """A recipient could not be told; the message says what is known of the reason."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One entry of ALERT_URLS."""

    url: str = field(repr=False)

    @property
    def id(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()[:12]

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]


def recipients(urls: str) -> list[Recipient]:
    """The entries of ALERT_URLS, which are separated by white space; each once."""
    return [Recipient(url) for url in dict.fromkeys(urls.split())]


def told(alerts: Sequence[KnownAlert]) -> tuple[str, str]:
    """Title and text of a message about alerts.  Pure."""
    begun = [one for one in alerts if one.closed_at is None]
    over = [one for one in alerts if one.closed_at is not None]
    parts = [f"{len(begun)} new"] * bool(begun) + [f"{len(over)} over"] * bool(over)
    lines = [_line(one) for one in (*begun, *over)]
    more = [f"… and {len(lines) - MOST_LINES} more"] * (len(lines) > MOST_LINES)
    return f"market_pipeline alerts: {', '.join(parts)}", "\n".join(lines[:MOST_LINES] + more)


def _line(one: KnownAlert) -> str:
    state = one.severity.upper() if one.closed_at is None else "OVER"
    return f"[{state}] {one.name}: {one.message} (since {one.first_seen_at:%Y-%m-%d %H:%M} UTC)"


def send(recipient: Recipient, title: str, text: str) -> None:
    """Send a message; waits some seconds at most.  Raises DeliveryFailed."""
    import apprise  # here, because it takes half a second

    logging.getLogger("apprise").propagate = False  # its lines hold parts of addresses
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        service = apprise.Apprise()
        if not service.add(recipient.url):
            raise DeliveryFailed(
                f"the {recipient.scheme}:// entry of ALERT_URLS is no Apprise URL: see https://appriseit.com/services"
            )
        if not service.notify(title=title, body=text):
            reason = _redacted(said.getvalue(), recipient.url) or "no reason is known"
            raise DeliveryFailed(f"the {recipient.scheme}:// entry of ALERT_URLS was not reached: {reason}")


def _redacted(text: str, url: str) -> str:
    """A text in one line, without any word of the address."""
    words = [word for word in re.split(r"[^\w.-]+", url.partition("://")[2]) if len(word) > 2]
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "***")
    return " ".join(text.split())
