"""Nasdaq's answers about one security: quote, bars, options, dividends, profile, earnings.

Shapes and wordings are those of recorded answers; of option chains, bars, profiles and surprises those that clients of
the site note.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.nasdaq.wording import (
    data,
    dollars,
    labelled,
    refusal,
    short_us_date,
    stamp,
    surprise,
    us_date,
)
from market_pipeline.simulator.market import Bar, OptionContract

MARKET_STATUS = {"PRE": "Pre-Market", "REGULAR": "Open", "POST": "After-Hours", "CLOSED": "Closed"}
DIVIDEND_YEARS = timedelta(days=5 * 365)
A_YEAR_OF_REPORTS = 4
_DATES_TURNED_ROUND = 1011


def nasdaq_100(call: Call) -> Reply:
    """The members of Nasdaq's own index; the sector is empty there."""
    rows = []
    for listing in call.market.constituents("Nasdaq 100"):
        quote, ratios = call.market.quote(listing.symbol, call.now), call.market.ratios(listing.symbol, call.now)
        rows.append(
            {
                "symbol": listing.symbol,
                "sector": "",
                "companyName": f"{listing.name} Common Stock",
                "marketCap": f"{ratios.market_cap:,.0f}",
                "lastSalePrice": dollars(quote.price),
                "netChange": f"{quote.change:+}",
                "percentageChange": f"{quote.change_percent:+.2f}%",
                "deltaIndicator": "down" if quote.change < 0 else "up",
            }
        )
    return data(
        {"totalrecords": len(rows), "date": us_date(call.now.astimezone(NEW_YORK).date()), "data": {"rows": rows}}
    )


def info(call: Call, symbol: str) -> Reply:
    quote, company = call.market.quote(symbol, call.now), call.market.company(symbol, as_of=call.now)
    ratios = call.market.ratios(symbol, call.now)
    is_open = quote.market_state == "REGULAR"
    return data(
        {
            "symbol": symbol,
            "companyName": f"{company.name} Common Stock",
            "stockType": "Common Stock",
            "exchange": "NASDAQ-GS" if company.exchange == "NASDAQ" else company.exchange,
            "isNasdaqListed": company.exchange == "NASDAQ",
            "isNasdaq100": "Nasdaq 100" in company.indices,
            "isHeld": False,
            "primaryData": {
                "lastSalePrice": dollars(quote.price),
                "netChange": f"{quote.change:+}" if quote.change else "UNCH",
                "percentageChange": f"{quote.change_percent:+.2f}%" if quote.change else "UNCH",
                "deltaIndicator": "down" if quote.change < 0 else "up",
                "lastTradeTimestamp": stamp(quote.as_of),
                "isRealTime": is_open,
                "bidPrice": dollars(quote.bid),
                "askPrice": dollars(quote.ask),
                "bidSize": str(quote.bid_size),
                "askSize": str(quote.ask_size),
                "volume": f"{quote.volume:,}",
                "currency": None,
            },
            "secondaryData": None,
            "marketStatus": MARKET_STATUS[quote.market_state],
            "assetClass": "STOCKS",
            "keyStats": {
                "fiftyTwoWeekHighLow": labelled("52 Week Range:", f"{ratios.week52_low} - {ratios.week52_high}"),
                "dayrange": labelled("High/Low:", f"{quote.low} - {quote.high}"),
            },
            "notifications": [],
        }
    )


def historical(call: Call, symbol: str) -> Reply:
    today = call.now.astimezone(NEW_YORK).date()
    start = date.fromisoformat(call.params.get("fromdate", (today - timedelta(days=30)).isoformat()))
    end = date.fromisoformat(call.params.get("todate", today.isoformat()))
    if end <= start:
        return refusal(_DATES_TURNED_ROUND, "Provided date is less than from date")
    bars = call.market.bars(symbol, start, end, as_of=call.now, adjustment="split")
    complete = [bar for bar in reversed(bars) if bar.complete][: int(call.params.get("limit", "10"))]
    headers = {"date": "Date", "close": "Close/Last", "volume": "Volume", "open": "Open", "high": "High", "low": "Low"}
    table = {"asOf": None, "headers": headers, "rows": [_bar(bar) for bar in complete] or None}
    return data({"symbol": symbol, "totalRecords": len(complete), "tradesTable": table})


def _bar(bar: Bar) -> dict[str, str]:
    prices = {name: dollars(getattr(bar, name)) for name in ("open", "high", "low", "close")}
    return {"date": us_date(bar.session), **prices, "volume": f"{bar.volume:,}"}


def option_chain(call: Call, symbol: str) -> Reply:
    chain = call.market.option_chain(symbol, call.now)
    start, end = call.params.get("fromdate", "all"), call.params.get("todate", "undefined")
    listed = [one for one in chain.contracts if _within(one.expiration, start, end)]
    rows: list[dict[str, Any]] = []
    for expiration, contracts in groupby(sorted(listed, key=_place), key=lambda one: one.expiration):
        rows.append(_chain_row(f"{expiration:%B} {expiration.day}, {expiration.year}", {}))
        for _, pair in groupby(contracts, key=lambda one: one.strike):
            rows.append(_chain_row("", {one.kind: one for one in pair}))
    as_of = chain.as_of.astimezone(NEW_YORK)
    banner = f"LAST TRADE: {dollars(chain.spot)} (AS OF {as_of:%b} {as_of.day}, {as_of.year})".upper()
    table: dict[str, Any] = {"asOf": None, "headers": {}, "rows": rows or None}
    return data({"totalRecord": len(rows), "lastTrade": banner, "table": table, "filterlist": {}})


def _within(day: date, start: str, end: str) -> bool:
    """Whether a day is in a range whose ends may be "all" and "undefined"."""
    return (not start[:1].isdigit() or start <= day.isoformat()) and (not end[:1].isdigit() or day.isoformat() <= end)


def _place(contract: OptionContract) -> tuple[date, Decimal]:
    return contract.expiration, contract.strike


def _chain_row(group: str, pair: Mapping[str, OptionContract]) -> dict[str, Any]:
    """A row of a call and a put, or with an empty pair the row that names an expiration."""
    one = pair.get("call") or pair.get("put")
    row: dict[str, Any] = {"expirygroup": group, "expiryDate": None if one is None else f"{one.expiration:%b %d}"}
    for letter, contract in (("c", pair.get("call")), ("p", pair.get("put"))):
        row |= {f"{letter}_{name}": value for name, value in _side(contract).items()}
    row["strike"] = None if one is None else str(one.strike)
    row["drillDownURL"] = None if one is None else _drill_down(one)
    return row


def _side(contract: OptionContract | None) -> dict[str, Any]:
    if contract is None:
        return {**dict.fromkeys(("Last", "Change", "Bid", "Ask", "Volume", "Openinterest")), "colour": False}
    return {
        "Last": str(contract.last),
        "Change": "--",
        "Bid": str(contract.bid),
        "Ask": str(contract.ask),
        "Volume": str(contract.volume) if contract.volume else "--",
        "Openinterest": str(contract.open_interest),
        "colour": contract.in_the_money,
    }


def _drill_down(contract: OptionContract) -> str:
    """The contract's address: its root filled up to six characters with dashes."""
    root, rest = contract.contract_symbol[:-15].lower(), contract.contract_symbol[-15:].lower()
    page = f"/market-activity/stocks/{contract.symbol.lower()}/option-chain/call-put-options"
    return f"{page}/{root:-<6}{rest.replace('p', 'c')}"


def dividends(call: Call, symbol: str) -> Reply:
    company, ratios = call.market.company(symbol, as_of=call.now), call.market.ratios(symbol, call.now)
    today = call.now.astimezone(NEW_YORK).date()
    found = call.market.dividends(symbol, today - DIVIDEND_YEARS, today + timedelta(days=120), as_of=call.now)
    served = found[::-1] if company.exchange == "NASDAQ" else []
    latest = served[0] if served else None
    facts = {
        "exDividendDate": us_date(latest.ex_date) if latest else "N/A",
        "dividendPaymentDate": us_date(latest.pay_date) if latest else "N/A",
        "yield": f"{ratios.dividend_yield:.2%}" if latest else "N/A",
        "annualizedDividend": str(latest.amount * latest.frequency) if latest else "N/A",
        "payoutRatio": f"{ratios.pe:.2f}" if latest and ratios.pe else "N/A",  # Nasdaq puts the P/E ratio here
    }
    labels = ("Ex-Dividend Date", "exDividendDate"), ("Dividend Yield", "yield"), ("P/E Ratio", "payoutRatio")
    columns = {
        "exOrEffDate": "Ex/EFF Date",
        "type": "Type",
        "amount": "Cash Amount",
        "declarationDate": "Declaration Date",
        "recordDate": "Record Date",
        "paymentDate": "Payment Date",
    }
    rows = [
        {
            "exOrEffDate": us_date(one.ex_date),
            "type": "Cash",
            "amount": dollars(one.amount),
            "declarationDate": us_date(one.declaration_date),
            "recordDate": us_date(one.record_date),
            "paymentDate": us_date(one.pay_date),
            "currency": one.currency,
        }
        for one in served
    ]
    elsewhere = company.exchange != "NASDAQ"
    return data(
        {
            "dividendHeaderValues": [labelled(label, facts[name]) for label, name in labels],
            **facts,
            "dividends": {"asOf": None, "headers": columns if rows else None, "rows": rows or None},
        },
        "Dividend History for Non-Nasdaq symbols is not available" if elsewhere else None,
    )


def company_profile(call: Call, symbol: str) -> Reply:
    found = call.market.company(symbol, as_of=call.now)
    address = f"{found.street}, {found.city}, {found.state}, {found.zip_code}, United States"
    facts: Iterable[tuple[str, str, Any]] = (
        ("ModuleTitle", "Module Title", "Company Description"),
        ("CompanyName", "Company Name", found.name),
        ("Symbol", "Symbol", symbol),
        ("Address", "Address", address),
        ("Phone", "Phone", found.phone),
        ("Industry", "Industry", found.industry),
        ("Sector", "Sector", found.sector),
        ("Region", "Region", "North America"),
        ("CompanyDescription", "Company Description", found.description),
        ("CompanyUrl", "Company Url", found.website),
        ("KeyExecutives", "Key Executives", [{"name": found.ceo, "title": "Chief Executive Officer"}]),
    )
    return data({name: labelled(label, value) for name, label, value in facts})


def earnings_surprise(call: Call, symbol: str) -> Reply:
    today = call.now.astimezone(NEW_YORK).date()
    reports = call.market.earnings(symbol, today - timedelta(days=400), today, as_of=call.now)
    rows = [
        {
            "fiscalQtrEnd": f"{one.period_end:%b %Y}",
            "dateReported": short_us_date(one.report_date),
            "eps": float(one.eps_actual),
            "consensusForecast": str(one.eps_estimate),
            "percentageSurprise": surprise(one.eps_actual, one.eps_estimate),
        }
        for one in reversed(reports)
        if one.eps_actual is not None
    ]
    return data({"symbol": symbol, "earningsSurpriseTable": {"rows": rows[:A_YEAR_OF_REPORTS] or None}})
