"""Yahoo Finance (unofficial): quotes, bars, option chains, profiles, earnings, statements, news and a calendar.

No key.  quote, options and quoteSummary need a session: a cookie, and a crumb that belongs to it; chart, spark, search,
timeseries and calendar-events need neither.  Here belong the vendor as a whole, its handshake and its wording of errors.

Yahoo documents nothing.  Facts from the clients yfinance (ranaroussi/yfinance, yfinance/data.py and scrapers/) and
yahoo-finance2 (gadicc/node-yahoo-finance2, src/modules/), and from recorded answers.
"""

import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

import orjson

from market_pipeline.providers.base import Handshake, Provider, Rate, Wordings, by_status, by_wording
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NoData,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from market_pipeline.providers.messages import SAMPLE, Answer, Request, first_text, retry_after
from market_pipeline.providers.yahoo.chart import Dividends, HistoricalPrices
from market_pipeline.providers.yahoo.earnings import Earnings
from market_pipeline.providers.yahoo.economic_events import EconomicEvents
from market_pipeline.providers.yahoo.fundamentals import Metrics, Statements
from market_pipeline.providers.yahoo.news import News
from market_pipeline.providers.yahoo.options import OptionsChain
from market_pipeline.providers.yahoo.quotes import Quotes, Spark
from market_pipeline.providers.yahoo.summary import CompanyInfo

_ERROR = re.compile(rb'"error"\s*:\s*\{')
_WORDINGS: Wordings = (
    (r"crumb|cookie|unable to access this feature|not logged in", AuthenticationFailed),
    (r"too many requests", RateLimited),
    (r"no fundamentals data|data doesn't exist|data not available|within the last", NoData),
    (r"quote not found|no data found|may be delisted", UnknownSymbol),
    (r"internal|unavailable|timeout|timed out|try again", Unavailable),
)
"""What the description of an error says, first match first: the codes (Not Found, Bad Request) are used for anything."""


def classify(answer: Answer) -> ProviderError | None:
    """What Yahoo says about a request, in JSON, in plain text or as a web page; None when it looks like data."""
    said = _error(answer)
    if said is not None:
        meaning = by_wording(_WORDINGS, said)
        if meaning is not None:
            return meaning(said)
        return by_status(answer, said) or MalformedResponse(said, sample=answer.sample)
    if answer.body.lstrip()[:1] in (b"{", b"["):
        return by_status(answer)
    return _page(answer)


def _error(answer: Answer) -> str | None:
    """Code and description of {"chart": {"result": null, "error": {…}}}, whatever the outer name and the status."""
    if _ERROR.search(answer.body) is None:
        return None
    try:
        payload = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    envelopes = payload.values() if isinstance(payload, dict) else ()
    errors = (inner.get("error") for inner in envelopes if isinstance(inner, dict))
    error = next((found for found in errors if isinstance(found, dict)), None)
    if error is None:
        return None
    return f"{first_text(error, 'code') or 'error'}: {first_text(error, 'description') or error}"[:SAMPLE]


def _page(answer: Answer) -> ProviderError | None:
    """What a text or a web page means where JSON is due.  The crumb is a text, and is none of these."""
    text = answer.text
    if answer.status in (429, 999) or "too many requests" in text[:SAMPLE].lower():  # 999: the old status for it
        return RateLimited(f"HTTP {answer.status}: {text[:SAMPLE].strip()}", retry_after=retry_after(answer))
    if "will be right back" in text.lower():
        return Unavailable("Yahoo shows its page for outages")
    host = urlsplit(answer.url).hostname or ""
    if host.startswith(("consent.", "guce.")) or "collectConsent" in text:
        return AuthenticationFailed("Yahoo wants this session's consent to cookies (the first visit from the EU)")
    if text.lstrip().startswith("<") and answer.status in (200, 404):  # a 404 page is not about the symbol
        return MalformedResponse(f"HTTP {answer.status} with a web page where JSON is due", sample=answer.sample)
    return by_status(answer, text.strip())


def read_crumb(answer: Answer) -> Mapping[str, str]:
    """The crumb of `getcrumb`, which also answers its errors as text, with any status (yfinance issues 2284, 2441)."""
    error = classify(answer)
    if error is not None:
        raise error
    crumb = answer.text.strip()
    if re.fullmatch(r"[^\s<>{}]{5,64}", crumb) is None:  # eleven characters today: "Phb0wzVdPs6"
        raise Unavailable(f"no crumb, but {crumb[:50]!r}")
    return {"crumb": crumb}


class Yahoo(Provider):
    """query1.finance.yahoo.com, as its own web pages use it.

    There is no documented plan.  100 calls in a row is what users report to get before a 429 (yfinance discussion
    2431), 2,000 an hour and address is the last limit that Yahoo published (YQL); yahoo-finance2 keeps 4 calls under way.
    """

    name = "yahoo"
    title = "Yahoo Finance"
    homepage = "https://finance.yahoo.com"
    base_url = "https://query1.finance.yahoo.com"
    hosts: ClassVar = {"cookie": "https://fc.yahoo.com"}
    needs_key = False
    headers: ClassVar = {
        # a browser's, as yfinance sends: the cookie and the crumb are for browsers
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36",
        "Accept-Language": "en-US,en;q=0.9",
    }
    limits = (Rate(100, 60), Rate(2000, 3600))
    concurrency = 4
    # fc.yahoo.com answers 404, and sets the cookie
    handshake = Handshake((Request(path="/", host="cookie"), Request(path="/v1/test/getcrumb")), read_crumb)
    endpoints = (
        Quotes(),
        Spark(),
        HistoricalPrices(),
        Dividends(),
        OptionsChain(),
        Earnings(),
        CompanyInfo(),
        Statements(),
        Metrics(),
        News(),
        EconomicEvents(),
    )

    def classify(self, answer: Answer) -> ProviderError | None:
        return classify(answer)
