"""quoteSummary: the modules that are asked for, as far as the market knows them.

Numbers are pairs of raw and shown values.  With formatted=false some modules have them bare, and the earnings ones do not.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.providers.normalise import dashed_symbol
from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.yahoo import earnings
from market_pipeline.simulator.dialects.yahoo.chart import EXCHANGES
from market_pipeline.simulator.dialects.yahoo.values import (
    canonical,
    envelope,
    midnight,
    pair,
    present,
    refusal,
    seconds,
)

Module = Callable[[Call, str], dict[str, Any]]


def quote_summary(call: Call) -> Reply:
    symbol = canonical(call.values["symbol"])
    if not call.market.knows(symbol):
        return refusal("quoteSummary", 404, "Not Found", f"Quote not found for symbol: {call.values['symbol']}")
    asked = call.params.get("modules", "").split(",")
    found: dict[str, Any] = {name: MODULES[name](call, symbol) for name in asked if name in MODULES}
    if not found:
        said = f"No fundamentals data found for any of the summaryTypes={','.join(asked)}"
        return refusal("quoteSummary", 404, "Not Found", said)
    if call.params.get("formatted", "true") != "false":
        found = {name: _shown(module) if name in _BARE else module for name, module in found.items()}
    return envelope("quoteSummary", [found])


def _shown(module: Mapping[str, Any]) -> dict[str, Any]:
    """A module of bare numbers with pairs in their place."""
    bare = {
        name: isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) for name, value in module.items()
    }
    return {name: pair(value) if bare[name] and name != "maxAge" else value for name, value in module.items()}


def _asset_profile(call: Call, symbol: str) -> dict[str, Any]:
    company = call.market.company(symbol, as_of=call.now)
    return {
        "address1": company.street,
        "address2": "Investor Relations",
        "city": company.city,
        "state": company.state,
        "zip": company.zip_code,
        "country": {"US": "United States"}.get(company.country, company.country),
        "phone": company.phone,
        "website": company.website,
        "industry": company.industry,
        "industryDisp": company.industry,
        "sector": company.sector,
        "sectorDisp": company.sector,
        "longBusinessSummary": company.description,
        "fullTimeEmployees": company.employees,
        "companyOfficers": [{"maxAge": 1, "name": company.ceo, "title": "CEO & Director"}],
        "maxAge": 86_400,
    }


def _quote_type(call: Call, symbol: str) -> dict[str, Any]:
    company = call.market.company(symbol, as_of=call.now)
    local = call.now.astimezone(NEW_YORK)
    return {
        "exchange": EXCHANGES[company.exchange][0],
        "quoteType": "EQUITY",
        "symbol": dashed_symbol(symbol),
        "underlyingSymbol": dashed_symbol(symbol),
        "shortName": company.name,
        "longName": company.name,
        "firstTradeDateEpochUtc": midnight(company.ipo_date),
        "timeZoneFullName": "America/New_York",
        "timeZoneShortName": local.tzname(),
        "gmtOffSetMilliseconds": 1000 * int((local.utcoffset() or timedelta()).total_seconds()),
        "maxAge": 1,
    }


def _price(call: Call, symbol: str) -> dict[str, Any]:
    company, quote = call.market.company(symbol, as_of=call.now), call.market.quote(symbol, call.now)
    return {
        "maxAge": 1,
        "symbol": dashed_symbol(symbol),
        "quoteType": "EQUITY",
        "shortName": company.name,
        "longName": company.name,
        "exchange": EXCHANGES[company.exchange][0],
        "exchangeName": EXCHANGES[company.exchange][1],
        "currency": company.currency,
        "marketState": quote.market_state,
        "marketCap": call.market.ratios(symbol, call.now).market_cap,
        "regularMarketPrice": quote.price,
        "regularMarketTime": seconds(quote.as_of),
    }


def _summary_detail(call: Call, symbol: str) -> dict[str, Any]:
    ratios, quote = call.market.ratios(symbol, call.now), call.market.quote(symbol, call.now)
    found = {
        "maxAge": 1,
        "priceHint": 2,
        "previousClose": quote.previous_close,
        "open": quote.open,
        "dayLow": quote.low,
        "dayHigh": quote.high,
        "volume": quote.volume,
        "bid": quote.bid,
        "ask": quote.ask,
        "bidSize": quote.bid_size,
        "askSize": quote.ask_size,
        "dividendRate": ratios.dividend_per_share,
        "dividendYield": ratios.dividend_yield,
        "payoutRatio": ratios.payout_ratio,
        "beta": ratios.beta,
        "trailingPE": ratios.pe,
        "forwardPE": ratios.forward_pe,
        "priceToSalesTrailing12Months": ratios.ps,
        "marketCap": ratios.market_cap,
        "averageVolume": ratios.average_volume_3m,
        "averageVolume10days": ratios.average_volume_10d,
        "fiftyTwoWeekLow": ratios.week52_low,
        "fiftyTwoWeekHigh": ratios.week52_high,
        "fiftyDayAverage": ratios.average_50d,
        "twoHundredDayAverage": ratios.average_200d,
        "tradeable": False,
    }
    unknown = {
        "fromCurrency": None,
        "toCurrency": None,
        "lastMarket": None,
        "coinMarketCapLink": None,
        "algorithm": None,
    }
    return {**present(found), "currency": "USD", **unknown}


def _key_statistics(call: Call, symbol: str) -> dict[str, Any]:
    ratios = call.market.ratios(symbol, call.now)
    return present(
        {
            "maxAge": 1,
            "priceHint": 2,
            "enterpriseValue": ratios.enterprise_value,
            "enterpriseToEbitda": ratios.ev_to_ebitda,
            "forwardPE": ratios.forward_pe,
            "pegRatio": ratios.peg,
            "priceToBook": ratios.pb,
            "bookValue": ratios.book_value_per_share,
            "trailingEps": ratios.eps_ttm,
            "profitMargins": ratios.profit_margin,
            "sharesOutstanding": ratios.shares_outstanding,
        }
    )


def _financial_data(call: Call, symbol: str) -> dict[str, Any]:
    ratios = call.market.ratios(symbol, call.now)
    return present(
        {
            "maxAge": 86_400,
            "currentPrice": ratios.price,
            "totalRevenue": ratios.revenue_ttm,
            "ebitda": ratios.ebitda_ttm,
            "totalDebt": ratios.balance.total_debt,
            "currentRatio": ratios.current_ratio,
            "debtToEquity": 100 * ratios.debt_to_equity,
            "grossMargins": ratios.gross_margin,
            "operatingMargins": ratios.operating_margin,
            "profitMargins": ratios.profit_margin,
            "returnOnAssets": ratios.roa,
            "returnOnEquity": ratios.roe,
            "revenueGrowth": ratios.revenue_growth,
            "earningsGrowth": ratios.earnings_growth,
            "financialCurrency": "USD",
        }
    )


MODULES: Mapping[str, Module] = {
    "assetProfile": _asset_profile,
    "quoteType": _quote_type,
    "price": _price,
    "summaryDetail": _summary_detail,
    "defaultKeyStatistics": _key_statistics,
    "financialData": _financial_data,
    "earningsHistory": earnings.history,
    "earnings": earnings.charts,
    "earningsTrend": earnings.trend,
    "calendarEvents": earnings.calendar_events,
}
_BARE = frozenset({"price", "summaryDetail", "defaultKeyStatistics", "financialData"})
"""Modules whose numbers are bare with formatted=false."""
