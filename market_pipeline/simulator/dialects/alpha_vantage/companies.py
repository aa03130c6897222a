"""Companies in Alpha Vantage's dialect: profile, earnings, dividends.  What they file is in statements.py."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.alpha_vantage.statements import balance, cash_flow, income, statement
from market_pipeline.simulator.dialects.alpha_vantage.texts import (
    canonical,
    nothing,
    of_symbol,
    spelled,
    table,
    wants_csv,
    written,
)
from market_pipeline.simulator.market import EarningsReport

MONTHS = "January February March April May June July August September October November December".split()
REPORT_TIMES = {"bmo": "pre-market", "amc": "post-market"}
TEN_YEARS, TWENTY_YEARS = timedelta(days=3653), timedelta(days=7305)
HORIZONS = {"3month": timedelta(days=92), "6month": timedelta(days=183), "12month": timedelta(days=365)}
CALENDAR = "symbol,name,reportDate,fiscalDateEnding,estimate,currency,timeOfTheDay"


def overview(call: Call, symbol: str) -> Reply:
    found, ratios = call.market.company(symbol, as_of=call.now), call.market.ratios(symbol, call.now)
    quarters = call.market.statements(symbol, as_of=call.now).quarterly[:4]
    paid = call.market.dividends(symbol, call.now.date() - TEN_YEARS, call.now.date(), as_of=call.now)
    figures = {
        "MarketCapitalization": ratios.market_cap,
        "EBITDA": sum(quarter.income.ebitda for quarter in quarters),
        "PERatio": ratios.pe,
        "PEGRatio": ratios.peg,
        "BookValue": ratios.book_value_per_share,
        "DividendPerShare": ratios.dividend_per_share,
        "DividendYield": ratios.dividend_yield,
        "EPS": ratios.eps_ttm,
        "RevenuePerShareTTM": round(ratios.revenue_ttm / found.shares_outstanding, 2),
        "ProfitMargin": ratios.profit_margin,
        "OperatingMarginTTM": ratios.operating_margin,
        "ReturnOnAssetsTTM": ratios.roa,
        "ReturnOnEquityTTM": ratios.roe,
        "RevenueTTM": ratios.revenue_ttm,
        "GrossProfitTTM": sum(quarter.income.gross_profit for quarter in quarters),
        "DilutedEPSTTM": ratios.eps_ttm,
        "QuarterlyEarningsGrowthYOY": ratios.earnings_growth,
        "QuarterlyRevenueGrowthYOY": ratios.revenue_growth,
        "AnalystTargetPrice": None,
        "TrailingPE": ratios.pe,
        "ForwardPE": ratios.forward_pe,
        "PriceToSalesRatioTTM": ratios.ps,
        "PriceToBookRatio": ratios.pb,
        "EVToRevenue": round(ratios.enterprise_value / ratios.revenue_ttm, 2),
        "EVToEBITDA": ratios.ev_to_ebitda,
        "Beta": ratios.beta,
        "52WeekHigh": ratios.week52_high,
        "52WeekLow": ratios.week52_low,
        "50DayMovingAverage": ratios.average_50d,
        "200DayMovingAverage": ratios.average_200d,
        "SharesOutstanding": found.shares_outstanding,
        "DividendDate": paid[-1].pay_date if paid else None,
        "ExDividendDate": paid[-1].ex_date if paid else None,
    }
    profile = {
        "Symbol": spelled(symbol),
        "AssetType": "ETF" if found.asset_class == "etf" else "Common Stock",
        "Name": found.name,
        "Description": found.description,
        "CIK": found.cik.lstrip("0"),
        "Exchange": found.exchange,
        "Currency": found.currency,
        "Country": "USA",
        "Sector": found.sector.upper(),
        "Industry": found.industry.upper(),
        "Address": f"{found.street}, {found.city}, {found.state}, {found.country}".upper(),
        "FiscalYearEnd": MONTHS[found.fiscal_year_end_month - 1],
        "LatestQuarter": quarters[0].period_end.isoformat() if quarters else "None",
    }
    return Reply(profile | {name: written(value) for name, value in figures.items()})


def earnings(call: Call, symbol: str) -> Reply:
    """Ten years of reports, newest first."""
    today = call.now.date()
    found = call.market.earnings(symbol, today - TEN_YEARS, today, as_of=call.now)
    reported = [one for one in reversed(found) if one.eps_actual is not None]
    years: dict[int, list[EarningsReport]] = {}
    for one in reported:
        years.setdefault(one.fiscal_year, []).append(one)
    annual = [
        {
            "fiscalDateEnding": quarters[0].period_end.isoformat(),
            "reportedEPS": written(sum(one.eps_actual or Decimal(0) for one in quarters)),
        }
        for quarters in years.values()
    ]
    return Reply({"symbol": spelled(symbol), "annualEarnings": annual, "quarterlyEarnings": [*map(_quarter, reported)]})


def _quarter(found: EarningsReport) -> dict[str, str]:
    surprise = (found.eps_actual or Decimal(0)) - found.eps_estimate
    percent = 100 * surprise / abs(found.eps_estimate) if found.eps_estimate else Decimal(0)
    return {
        "fiscalDateEnding": found.period_end.isoformat(),
        "reportedDate": found.report_date.isoformat(),
        "reportedEPS": written(found.eps_actual),
        "estimatedEPS": written(found.eps_estimate),
        "surprise": written(surprise),
        "surprisePercentage": f"{percent:.4f}",
        "reportTime": REPORT_TIMES[found.timing],
    }


def earnings_calendar(call: Call) -> Reply:
    """Reports still to come, of one symbol or of all, by symbol."""
    today = call.now.astimezone(NEW_YORK).date()
    end = today + HORIZONS.get(call.params.get("horizon", ""), HORIZONS["3month"])
    asked = call.params.get("symbol")
    symbols = sorted(call.market.symbols()) if asked is None else [canonical(asked)]
    rows = [
        {
            "symbol": spelled(symbol),
            "name": call.market.company(symbol, as_of=call.now).name,
            "reportDate": one.report_date.isoformat(),
            "fiscalDateEnding": one.period_end.isoformat(),
            "estimate": written(one.eps_estimate),
            "currency": one.currency,
            "timeOfTheDay": REPORT_TIMES[one.timing],
        }
        for symbol in symbols
        if call.market.knows(symbol)
        for one in call.market.earnings(symbol, today, end, as_of=call.now)
        if one.eps_actual is None
    ]
    return table(rows, CALENDAR)


def dividends(call: Call, symbol: str) -> Reply:
    """Twenty years of dividends, and the declared ones, newest first."""
    today = call.now.date()
    found = call.market.dividends(symbol, today - TWENTY_YEARS, today + TEN_YEARS, as_of=call.now)
    rows = [
        {
            "ex_dividend_date": one.ex_date.isoformat(),
            "declaration_date": one.declaration_date.isoformat(),
            "record_date": one.record_date.isoformat(),
            "payment_date": one.pay_date.isoformat(),
            "amount": written(one.amount),
        }
        for one in reversed(found)
    ]
    if wants_csv(call):
        return table(rows, "ex_dividend_date,declaration_date,record_date,payment_date,amount")
    return Reply({"symbol": spelled(symbol), "data": rows})


COMPANY_FUNCTIONS: dict[str, Callable[[Call], Reply]] = {
    "OVERVIEW": of_symbol(overview, nothing),
    "INCOME_STATEMENT": of_symbol(statement(income), nothing),
    "BALANCE_SHEET": of_symbol(statement(balance), nothing),
    "CASH_FLOW": of_symbol(statement(cash_flow), nothing),
    "EARNINGS": of_symbol(earnings, nothing),
    "EARNINGS_CALENDAR": earnings_calendar,
    "DIVIDENDS": of_symbol(dividends, nothing),
}
