"""Profiles, dividends and news in Tiingo's dialect."""

from datetime import timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.tiingo.wording import Table, asked, days, midnight, spelled
from market_pipeline.simulator.market import NewsArticle

FREQUENCIES = {12: "m", 4: "q", 2: "sa", 1: "a"}
A_MONTH = 30
TEN_YEARS = 3652
ARTICLES = "100"


def daily_meta(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.company(symbol, as_of=call.now)
    yesterday = call.now.astimezone(NEW_YORK).date() - timedelta(days=1)
    return {
        "ticker": spelled(symbol).upper(),
        "name": found.name,
        "description": found.description,
        "exchangeCode": found.exchange,
        "startDate": found.ipo_date.isoformat(),
        "endDate": yesterday.isoformat(),
    }


def fundamentals_meta(call: Call) -> Reply:
    return Reply([_meta(call, symbol) for symbol in asked(call)])


def _meta(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.company(symbol, as_of=call.now)
    updated = f"{call.now:%Y-%m-%dT%H:%M:%S}.000Z"
    return {
        "permaTicker": f"US{found.cik}",
        "ticker": spelled(symbol),
        "name": found.name,
        "isActive": True,
        "isADR": False,
        "sector": found.sector,
        "industry": found.industry,
        "reportingCurrency": found.currency.lower(),
        "location": f"{found.city}, {found.state}",
        "companyWebsite": found.website,
        "secFilingWebsite": f"https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK={found.cik}",
        "statementLastUpdated": updated,
        "dailyLastUpdated": updated,
    }


def distributions(call: Call, symbol: str) -> Table:
    found = call.market.dividends(symbol, *days(call, TEN_YEARS, "startExDate", "endExDate"), as_of=call.now)
    return [
        {
            "permaTicker": spelled(symbol).upper(),
            "ticker": spelled(symbol).upper(),
            "exDate": midnight(one.ex_date),
            "paymentDate": midnight(one.pay_date),
            "recordDate": midnight(one.record_date),
            "declarationDate": midnight(one.declaration_date),
            "distribution": one.amount,
            "distributionFreqency": FREQUENCIES.get(one.frequency, "u"),  # spelled like this
        }
        for one in found
    ]


def news(call: Call) -> Reply:
    """The newest first, each article once, whichever of its tickers were asked for."""
    range_ = days(call, A_MONTH)
    symbols = asked(call)
    found = [one for symbol in symbols for one in call.market.news(symbol, *range_, as_of=call.now)]
    if "tickers" not in call.params:
        found = call.market.market_news(*range_, as_of=call.now)
    unique = {one.id: one for one in found}
    newest = sorted(unique.values(), key=lambda article: article.published_at, reverse=True)
    offset, limit = int(call.params.get("offset", "0")), int(call.params.get("limit", ARTICLES))
    return Reply([_article(one, number) for number, one in enumerate(newest)][offset : offset + limit])


def _article(found: NewsArticle, number: int) -> dict[str, Any]:
    published = f"{found.published_at:%Y-%m-%dT%H:%M:%S}Z"
    return {
        "id": number,
        "publishedDate": published,
        "crawlDate": published,
        "title": found.headline,
        "url": found.url,
        "description": found.summary,
        "source": found.url.split("/")[2],
        "tickers": [spelled(symbol) for symbol in found.symbols],
        "tags": [found.category],
    }
