"""Why a vendor's answer is no answer: a closed tree whose class says what the caller does next.

    ProviderError
    ├── RateLimited           vendor cools until `retry_after`, the next vendor is asked
    ├── Unavailable           5xx, timeout, connection, TLS: tried again with backoff, then the next vendor
    ├── MalformedResponse     HTML for JSON, drift, truncation: next vendor, a sample is kept
    ├── AuthenticationFailed  bad or missing key: the vendor is off until its key changes
    ├── NotEntitled           the plan does not include it: (vendor, data type) is off for a day
    ├── UnknownSymbol         the vendor knows no such symbol: next vendor for that symbol
    └── NoData                valid and empty: an answer where the dataset allows it

Here belong the classes and what they carry.  How a vendor words its errors belongs to the vendor's own file; what is
done about them belongs to `fetching`.
"""

from typing import ClassVar


class ProviderError(Exception):
    """A vendor did not give what it was asked for.  Never raised itself: always one of the classes below."""

    outcome: ClassVar[str]
    """The word for it in `fetch_attempts.outcome`, statistics and the conformance suite."""

    def __init__(self, message: str, *, sample: str | None = None) -> None:
        super().__init__(message)
        self.sample = sample
        """The first characters of an answer that could not be read, for a person to look at."""


class RateLimited(ProviderError):
    """The vendor refuses more calls for now: 429, or a note to that effect under any status."""

    outcome = "rate_limited"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the vendor asks to wait, as it said them (not capped); None when it did not say."""


class Unavailable(ProviderError):
    """No usable connection, no answer in time, or a 5xx: the same call may succeed in a moment."""

    outcome = "unavailable"


class MalformedResponse(ProviderError):
    """Something came back that is not what the vendor documents: trying again at once cannot help."""

    outcome = "malformed"


class AuthenticationFailed(ProviderError):
    """The key is missing, wrong or revoked."""

    outcome = "authentication"


class NotEntitled(ProviderError):
    """The key is good and its plan does not include this call."""

    outcome = "not_entitled"


class UnknownSymbol(ProviderError):
    """The vendor does not know this symbol."""

    outcome = "unknown_symbol"


class NoData(ProviderError):
    """The vendor knows the symbol and has nothing for what was asked."""

    outcome = "no_data"
