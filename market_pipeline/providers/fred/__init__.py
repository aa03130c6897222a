"""FRED, the St. Louis Fed's economic data: which statistics are released when, and what the headline figures were.

Free keys of 32 characters; 120 requests a minute, counted as 2 a second since 2026.  Answers are XML unless
`file_type=json` asks for the other.  Every refusal is a 400, also of a bad key: its words tell which it is.
Source: https://fred.stlouisfed.org/docs/api/fred/, and https://fred.stlouisfed.org/docs/api/api_key.html for the key.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from market_pipeline.providers.base import Provider, Rate, by_status, with_param
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.fred.calendar import CalendarPage, ReleaseDates
from market_pipeline.providers.fred.series import Observations
from market_pipeline.providers.messages import Answer, Request, first_text, retry_after


class Fred(Provider):
    name = "fred"
    title = "FRED (St. Louis Fed)"
    homepage = "https://fred.stlouisfed.org"
    base_url = "https://api.stlouisfed.org/fred"
    hosts: ClassVar[Mapping[str, str]] = {"site": "https://fred.stlouisfed.org"}
    limits = (Rate(2, 1), Rate(120, 60))
    endpoints = (ReleaseDates(), Observations(), CalendarPage())

    def authorise(self, request: Request, key: str) -> Request:
        return request if request.host else with_param(request, "api_key", key)  # the site needs none

    def classify(self, answer: Answer) -> ProviderError | None:
        said = _error(answer) if answer.status >= 400 else None
        wording = (said or "").lower()
        if answer.status == 429 or "rate limit" in wording:
            return RateLimited(f"HTTP {answer.status}: {said}", retry_after=retry_after(answer))
        if "api_key" in wording:
            return AuthenticationFailed(f"HTTP {answer.status}: {said}")
        if "does not exist" in wording:
            return UnknownSymbol(f"HTTP {answer.status}: {said}")
        return by_status(answer, said)


def _error(answer: Answer) -> str | None:
    """The words of {"error_code": 400, "error_message": …} or of <error code="400" message="…"/>."""
    found = re.search(r'<error\b[^>]*\bmessage="([^"]*)"', answer.text)
    if found is not None:
        return found[1]
    try:
        return first_text(answer.json(), "error_message")
    except MalformedResponse:
        return None
