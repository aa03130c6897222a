"""Profiles, members of indices, earnings, dividends.  Statements and ratios are in sheets.py."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.fmp.questions import days, spelled
from market_pipeline.simulator.market import Dividend, EarningsReport, Listing

FREQUENCIES = {12: "Monthly", 4: "Quarterly", 2: "Semi-Annual", 1: "Annual"}


def members(index: str) -> Callable[[Call], Reply]:
    """The members of an index."""

    def answer(call: Call) -> Reply:
        return Reply([_member(call, one) for one in call.market.constituents(index)])

    return answer


def _member(call: Call, listing: Listing) -> dict[str, Any]:
    company = call.market.company(listing.symbol, as_of=call.now)
    return {
        "symbol": spelled(listing.symbol),
        "name": listing.name,
        "sector": listing.sector,
        "subSector": listing.industry,
        "headQuarter": f"{company.city}, {company.state}",
        "dateFirstAdded": (company.ipo_date + timedelta(days=365)).isoformat(),
        "cik": listing.cik,
        "founded": str(company.ipo_date.year - 10),
    }


def profile(call: Call, symbol: str) -> dict[str, Any]:
    found, ratios = call.market.company(symbol, as_of=call.now), call.market.ratios(symbol, call.now)
    traded = call.market.quote(symbol, call.now)
    return {
        "symbol": spelled(symbol),
        "price": traded.price,
        "marketCap": ratios.market_cap,
        "beta": ratios.beta,
        "lastDividend": ratios.dividend_per_share,
        "range": f"{ratios.week52_low}-{ratios.week52_high}",
        "change": traded.change,
        "changePercentage": traded.change_percent,
        "volume": traded.volume,
        "averageVolume": ratios.average_volume_3m,
        "companyName": found.name,
        "currency": found.currency,
        "cik": found.cik,
        "isin": found.isin,
        "cusip": found.isin[2:11],
        "exchangeFullName": found.exchange,
        "exchange": found.exchange,
        "industry": found.industry,
        "website": found.website,
        "description": found.description,
        "ceo": found.ceo,
        "sector": found.sector,
        "country": found.country,
        "fullTimeEmployees": str(found.employees),
        "phone": found.phone,
        "address": found.street,
        "city": found.city,
        "state": found.state,
        "zip": found.zip_code,
        "image": f"{found.website}/logo.png",
        "ipoDate": found.ipo_date.isoformat(),
        "defaultImage": False,
        "isEtf": found.asset_class == "etf",
        "isActivelyTrading": True,
        "isAdr": False,
        "isFund": False,
    }


def earnings(call: Call, symbol: str) -> list[dict[str, Any]]:
    return _reports(call, [symbol], *_around(call))


def earnings_calendar(call: Call) -> Reply:
    return Reply(_reports(call, call.market.symbols(), *days(call, 7, 7)))


def _around(call: Call) -> tuple[date, date]:
    """All that is told about a company: five years back and a year ahead."""
    today = call.now.astimezone(NEW_YORK).date()
    return today - timedelta(days=5 * 365), today + timedelta(days=365)


def _reports(call: Call, symbols: Iterable[str], start: date, end: date) -> list[dict[str, Any]]:
    found = [one for symbol in symbols for one in call.market.earnings(symbol, start, end, as_of=call.now)]
    found.sort(key=lambda report: report.report_date, reverse=True)
    return [_report(report, call.now) for report in found]


def _report(report: EarningsReport, now: datetime) -> dict[str, Any]:
    updated = min(report.report_date, now.astimezone(NEW_YORK).date())
    return {
        "symbol": spelled(report.symbol),
        "date": report.report_date.isoformat(),
        "epsActual": report.eps_actual,
        "epsEstimated": report.eps_estimate,
        "revenueActual": report.revenue_actual,
        "revenueEstimated": report.revenue_estimate,
        "lastUpdated": updated.isoformat(),
    }


def dividends(call: Call, symbol: str) -> list[dict[str, Any]]:
    return _payments(call, [symbol], *_around(call))


def dividends_calendar(call: Call) -> Reply:
    return Reply(_payments(call, call.market.symbols(), *days(call, 7, 7)))


def _payments(call: Call, symbols: Iterable[str], start: date, end: date) -> list[dict[str, Any]]:
    found = [one for symbol in symbols for one in call.market.dividends(symbol, start, end, as_of=call.now)]
    found.sort(key=lambda payment: payment.ex_date, reverse=True)
    prices = {symbol: call.market.quote(symbol, call.now).price for symbol in {one.symbol for one in found}}
    return [_payment(payment, prices[payment.symbol]) for payment in found]


def _payment(payment: Dividend, price: Decimal) -> dict[str, Any]:
    return {
        "symbol": spelled(payment.symbol),
        "date": payment.ex_date.isoformat(),
        "recordDate": payment.record_date.isoformat(),
        "paymentDate": payment.pay_date.isoformat(),
        "declarationDate": payment.declaration_date.isoformat(),
        "adjDividend": payment.adjusted_amount,
        "dividend": payment.amount,
        "yield": round(payment.adjusted_amount * payment.frequency / price * 100, 6),
        "frequency": FREQUENCIES.get(payment.frequency, "Irregular"),
    }
