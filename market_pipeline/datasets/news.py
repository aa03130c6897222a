"""News: articles that name a symbol, by calendar day."""

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, model_validator

from market_pipeline.datasets.base import Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Moment, Text, described, required

_TRACKING = ("utm_", ".tsrc", "guccounter", "ref", "mod", "cmpid")


def article_id(url: str) -> str:
    """The same 32 hexadecimal digits for the same article, whichever vendor passed its address on."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query) if not pair[0].startswith(_TRACKING)]
    address = f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}?{urlencode(sorted(kept))}"
    return hashlib.sha256(address.encode()).hexdigest()[:32]


class NewsArticle(Record):
    """An article about a symbol.  Text is as the vendor sent it: escape it before showing it."""

    article_id: Text = required("identity of the article, derived from its address without tracking parameters")
    published_at: Moment = required("when it was published", "UTC")
    title: Text = required("headline")
    url: Text = required("address of the article")
    summary: Text | None = described("first lines or abstract")
    source: Text | None = described("publisher")
    author: Text | None = described("author or authors")
    related_symbols: tuple[Text, ...] = described("other tickers that the vendor links to the article", default=())
    sentiment: Annotated[Decimal, Field(ge=-1, le=1)] | None = described("-1 bearish to 1 bullish", "score")

    @model_validator(mode="before")
    @classmethod
    def _derive_the_id(cls, row: Any) -> Any:
        url = row.get("url")
        if row.get("article_id") is None and isinstance(url, str):
            return {**row, "article_id": article_id(url)}
        return row

    @model_validator(mode="after")
    def _web_addresses_only(self) -> "NewsArticle":
        if not self.url.startswith(("https://", "http://")):
            raise ValueError("url is not a web address (http or https)")
        return self


NEWS = Dataset(
    name="news",
    title="News",
    family="events",
    record=NewsArticle,
    key=("symbol", "article_id"),
    partitioned_by=PartitionedBy.DAY,
    days_behind=1,  # articles reach vendors late, and a day has none when it begins
    dated_by="published_at",
    cadence=Cadence(cron="*/30 * * * *"),
    freshness=Freshness(warn=timedelta(hours=1), fail=timedelta(hours=24)),
    cache_ttl=timedelta(minutes=25),
)
