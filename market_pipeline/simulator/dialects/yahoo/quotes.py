"""Quotes, sparks and option chains: what is traded now."""

from datetime import UTC, datetime, timedelta
from typing import Any

from market_pipeline.providers.normalise import dashed_symbol
from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.yahoo.chart import EXCHANGES, chart_of
from market_pipeline.simulator.dialects.yahoo.values import canonical, envelope, midnight, present, refusal, seconds
from market_pipeline.simulator.market import OptionContract, Quote, Ratios

_SHARES_OF_A_LOT = 100
_MOST_SPARKS = 20
_CHARTS_ONLY = frozenset(
    "fullExchangeName longName shortName hasPrePostMarketData"
    " regularMarketDayHigh regularMarketDayLow regularMarketVolume".split()
)


def _asked(call: Call) -> list[str]:
    """Canonical symbols of the market among those asked for; the others are not mentioned in an answer."""
    spellings = [spelling for spelling in call.params.get("symbols", "").split(",") if spelling]
    return [symbol for symbol in map(canonical, spellings) if call.market.knows(symbol)]


def quotes(call: Call) -> Reply:
    return envelope("quoteResponse", [quote_of(call, symbol) for symbol in _asked(call)])


def spark(call: Call) -> Reply:
    if call.params.get("symbols", "").count(",") >= _MOST_SPARKS:
        return refusal("spark", 400, "Bad Request", f"Invalid symbols: at most {_MOST_SPARKS} are allowed")
    return envelope(
        "spark", [{"symbol": dashed_symbol(one), "response": [_small_chart(call, one)]} for one in _asked(call)]
    )


def _small_chart(call: Call, symbol: str) -> dict[str, Any]:
    """A chart of closes, whose meta data is shorter."""
    found = chart_of(call, symbol)
    meta = {name: value for name, value in found["meta"].items() if name not in _CHARTS_ONLY}
    closes = found["indicators"]["quote"][0].get("close")
    small = {"meta": meta, "indicators": {"quote": [{} if closes is None else {"close": closes}]}}
    return {**small, "timestamp": found["timestamp"]} if "timestamp" in found else small


def options(call: Call) -> Reply:
    """The expiration `date`, or the nearest one; a date that is not listed has no contracts."""
    symbol = canonical(call.values["symbol"])
    if not call.market.knows(symbol):
        return envelope("optionChain", [])
    listed = call.market.option_expirations(symbol, call.now)
    asked = call.params.get("date")
    wanted = listed[0] if asked is None else datetime.fromtimestamp(int(asked), UTC).date()
    contracts = call.market.option_chain(symbol, call.now, wanted).contracts
    chain = {
        "expirationDate": midnight(wanted),
        "hasMiniOptions": False,
        "calls": [_contract(contract) for contract in contracts if contract.kind == "call"],
        "puts": [_contract(contract) for contract in contracts if contract.kind == "put"],
    }
    found = {
        "underlyingSymbol": dashed_symbol(symbol),
        "expirationDates": [midnight(expiration) for expiration in listed],
        "strikes": sorted({contract.strike for contract in contracts}),
        "hasMiniOptions": False,
        "quote": quote_of(call, symbol),
        "options": [chain],
    }
    return envelope("optionChain", [found])


def _contract(contract: OptionContract) -> dict[str, Any]:
    return {
        "contractSymbol": contract.contract_symbol,
        "strike": contract.strike,
        "currency": "USD",
        "lastPrice": contract.last,
        "change": 0,
        "percentChange": 0,
        "volume": contract.volume,
        "openInterest": contract.open_interest,
        "bid": contract.bid,
        "ask": contract.ask,
        "contractSize": "REGULAR",
        "expiration": midnight(contract.expiration),
        "lastTradeDate": seconds(contract.last_trade_at),
        "impliedVolatility": contract.implied_volatility,
        "inTheMoney": contract.in_the_money,
    }


def quote_of(call: Call, symbol: str) -> dict[str, Any]:
    """One object of the quote endpoint, which the option chain repeats."""
    quote = call.market.quote(symbol, call.now)
    ratios = call.market.ratios(symbol, call.now)
    return {**_listing(call, symbol), **_trading(quote), **_dates(call, symbol), **_figures(ratios)}


def _listing(call: Call, symbol: str) -> dict[str, Any]:
    company = call.market.company(symbol, as_of=call.now)
    local = call.now.astimezone(NEW_YORK)
    exchange, exchange_name = EXCHANGES[company.exchange]
    offset = local.utcoffset() or timedelta()
    return {
        "language": "en-US",
        "region": "US",
        "quoteType": "EQUITY",
        "typeDisp": "Equity",
        "quoteSourceName": "Nasdaq Real Time Price",
        "triggerable": True,
        "customPriceAlertConfidence": "HIGH",
        "currency": company.currency,
        "financialCurrency": company.currency,
        "corporateActions": [],
        "shortName": company.name,
        "longName": company.name,
        "exchange": exchange,
        "fullExchangeName": exchange_name,
        "exchangeTimezoneName": "America/New_York",
        "exchangeTimezoneShortName": local.tzname(),
        "gmtOffSetMilliseconds": 1000 * int(offset.total_seconds()),
        "market": "us_market",
        "firstTradeDateMilliseconds": 1000 * midnight(company.ipo_date),
        "sharesOutstanding": company.shares_outstanding,
        "esgPopulated": False,
        "hasPrePostMarketData": True,
        "priceHint": 2,
        "sourceInterval": 15,
        "exchangeDataDelayedBy": 0,
        "tradeable": False,
        "cryptoTradeable": False,
        "symbol": dashed_symbol(symbol),
    }


def _trading(quote: Quote) -> dict[str, Any]:
    return {
        "marketState": quote.market_state,
        "regularMarketTime": seconds(quote.as_of),
        "regularMarketPrice": quote.price,
        "regularMarketChange": quote.change,
        "regularMarketChangePercent": quote.change_percent,
        "regularMarketOpen": quote.open,
        "regularMarketDayHigh": quote.high,
        "regularMarketDayLow": quote.low,
        "regularMarketDayRange": f"{quote.low} - {quote.high}",
        "regularMarketPreviousClose": quote.previous_close,
        "regularMarketVolume": quote.volume,
        "bid": quote.bid,
        "ask": quote.ask,
        "bidSize": quote.bid_size // _SHARES_OF_A_LOT,
        "askSize": quote.ask_size // _SHARES_OF_A_LOT,
    }


def _dates(call: Call, symbol: str) -> dict[str, Any]:
    """Of the last report, the next one and the last dividend."""
    today = call.now.astimezone(NEW_YORK).date()
    reports = call.market.earnings(symbol, today - timedelta(days=120), today + timedelta(days=120), as_of=call.now)
    paid = call.market.dividends(symbol, today - timedelta(days=400), today, as_of=call.now)
    last = next((report.reported_at for report in reversed(reports) if report.eps_actual is not None), None)
    due = next((report.reported_at for report in reports if report.eps_actual is None), None)
    return present(
        {
            "earningsTimestamp": None if last is None else seconds(last),
            "earningsTimestampStart": None if due is None else seconds(due),
            "earningsTimestampEnd": None if due is None else seconds(due),
            "isEarningsDateEstimate": None if due is None else True,
            "dividendDate": midnight(paid[-1].pay_date) if paid else None,
        }
    )


def _figures(ratios: Ratios) -> dict[str, Any]:
    levels = {
        "fiftyTwoWeekLow": ratios.week52_low,
        "fiftyTwoWeekHigh": ratios.week52_high,
        "fiftyDayAverage": ratios.average_50d,
        "twoHundredDayAverage": ratios.average_200d,
    }
    return present(
        {
            "marketCap": ratios.market_cap,
            "trailingPE": ratios.pe,
            "forwardPE": ratios.forward_pe,
            "priceToBook": ratios.pb,
            "epsTrailingTwelveMonths": ratios.eps_ttm,
            "bookValue": ratios.book_value_per_share,
            "trailingAnnualDividendRate": ratios.dividend_per_share,
            "trailingAnnualDividendYield": ratios.dividend_yield,
            "averageDailyVolume10Day": ratios.average_volume_10d,
            "averageDailyVolume3Month": ratios.average_volume_3m,
            "fiftyTwoWeekRange": f"{ratios.week52_low} - {ratios.week52_high}",
            **{f"{name}Change": ratios.price - level for name, level in levels.items()},
            **{f"{name}ChangePercent": float(ratios.price / level - 1) for name, level in levels.items()},
            **levels,
        }
    )
