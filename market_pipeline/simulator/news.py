"""Headlines: none to six a day about each company, a dozen about the market. Texts are from templates, on .example addresses.

Articles say nothing that would have to agree with prices or results, so none of them can give the future away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.listings import Directory, Listing, universe
from market_pipeline.simulator.trading_days import in_utc

_SOURCES = ("Example Wire", "Market Ledger", "The Daily Ticker", "Street Report", "Newsroom Example", "Capital Notes")
_AUTHORS = ("Staff", "A. Moreau", "J. Okafor", "L. Petersen", "S. Tanaka")
_ARTICLES_A_DAY = (0, 1, 1, 2, 2, 3, 4, 6)
_MARKET_ARTICLES_A_DAY = 12

# (headline, sentiment of the template); {name}, {symbol}, {industry} and {sector} are filled in.
_COMPANY_HEADLINES = (
    ("{name} wins multi-year contract with a large customer", 0.7),
    ("Analysts raise price target on {name} after upbeat channel checks", 0.6),
    ("{name} expands share repurchase programme", 0.5),
    ("{name} names new chief operating officer", 0.1),
    ("{name} to present at {sector} investor conference", 0.0),
    ("What to watch at {name} this quarter", 0.0),
    ("{symbol} options draw unusual volume", 0.0),
    ("{name} opens new research centre for its {industry} business", 0.3),
    ("{name} faces questions over supply costs", -0.4),
    ("Regulator opens inquiry into {industry} pricing; {name} among companies named", -0.6),
    ("{name} delays product launch to next year", -0.5),
    ("Brokerage downgrades {name}, citing valuation", -0.6),
)
_MARKET_HEADLINES = (
    ("Stocks drift as investors wait for economic data", 0.0),
    ("{sector} shares lead gains in broad advance", 0.5),
    ("{sector} shares weigh on indices", -0.5),
    ("Treasury yields edge lower after auction", 0.2),
    ("Dollar firms against major currencies", 0.0),
    ("Fund managers trim exposure to {sector}", -0.3),
    ("Retail investors return to {industry} names", 0.4),
    ("Volatility picks up ahead of options expiration", -0.2),
)


@dataclass(frozen=True, slots=True)
class NewsArticle:
    """One article. published_at: UTC; symbols: the subject first, empty for general news; category: "company" or "general";

    sentiment: -1 (bad for the subject) to 1 (good); id: 16 hexadecimal digits, unique and lasting.
    """

    id: str
    headline: str
    summary: str
    source: str
    author: str
    url: str
    published_at: datetime
    symbols: tuple[str, ...]
    category: str
    sentiment: float


class Newsroom:
    """Articles about any known symbol, and about none."""

    def __init__(self, dice: Dice, directory: Directory) -> None:
        self._dice = dice
        self._directory = directory
        self._company_day = lru_cache(maxsize=8192)(self._write_company_day)
        self._market_day = lru_cache(maxsize=256)(self._write_market_day)

    def news(self, symbol: str, start: date, end: date, as_of: datetime) -> list[NewsArticle]:
        """Articles about a company on the UTC days from start to end, published by as_of, newest first."""
        self._directory.listing(symbol)
        days = _days(start, end, as_of)
        return _newest_first([article for day in days for article in self._company_day(symbol, day)], as_of)

    def market_news(self, start: date, end: date, as_of: datetime) -> list[NewsArticle]:
        """Articles about the market as a whole, likewise."""
        days = _days(start, end, as_of)
        return _newest_first([article for day in days for article in self._market_day(day)], as_of)

    def _write_company_day(self, symbol: str, day: date) -> tuple[NewsArticle, ...]:
        listing = self._directory.listing(symbol)
        peers = [peer.symbol for peer in universe().values() if peer.sector == listing.sector and peer.symbol != symbol]
        count = self._dice.pick(_ARTICLES_A_DAY, "articles", symbol, day)
        articles = []
        for number in range(count):
            key = ("article", symbol, day, number)
            headline, tone = self._dice.pick(_COMPANY_HEADLINES, "headline", *key)
            related = (self._dice.pick(peers, "peer", *key),) if self._dice.uniform(0, 1, "related", *key) < 0.3 else ()
            articles.append(self._article(day, headline, tone, listing, (symbol, *related), "company", key))
        return tuple(articles)

    def _write_market_day(self, day: date) -> tuple[NewsArticle, ...]:
        listings = list(universe().values())
        articles = []
        for number in range(_MARKET_ARTICLES_A_DAY):
            key = ("market article", day, number)
            headline, tone = self._dice.pick(_MARKET_HEADLINES, "headline", *key)
            about = self._dice.pick(listings, "about", *key)
            articles.append(self._article(day, headline, tone, about, (), "general", key))
        return tuple(articles)

    def _article(
        self,
        day: date,
        headline: str,
        tone: float,
        about: Listing,
        symbols: tuple[str, ...],
        category: str,
        key: tuple[object, ...],
    ) -> NewsArticle:
        dice = self._dice
        identity = dice.digest(8, "id", *key).hex()
        second = dice.integer(0, 86_399, "published", *key)
        title = headline.format(name=about.name, symbol=about.symbol, industry=about.industry, sector=about.sector)
        return NewsArticle(
            id=identity,
            headline=title,
            summary=f"{title}. The report is one of today's stories on {about.sector.lower()} companies.",
            source=dice.pick(_SOURCES, "source", *key),
            author=dice.pick(_AUTHORS, "author", *key),
            url=f"https://news.example/{day:%Y/%m/%d}/{identity}",
            published_at=datetime.combine(day, time(), UTC) + timedelta(seconds=second),
            symbols=symbols,
            category=category,
            sentiment=round(max(-1.0, min(1.0, tone + dice.uniform(-0.2, 0.2, "sentiment", *key))), 3),
        )


def _days(start: date, end: date, as_of: datetime) -> Iterator[date]:
    """The days of a range that had begun by as_of."""
    last = min(end, in_utc(as_of).date())
    return (start + timedelta(days=offset) for offset in range((last - start).days + 1))


def _newest_first(articles: list[NewsArticle], as_of: datetime) -> list[NewsArticle]:
    public = [article for article in articles if article.published_at <= as_of]
    return sorted(public, key=lambda article: (article.published_at, article.id), reverse=True)
