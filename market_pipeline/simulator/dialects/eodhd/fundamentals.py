"""Fundamentals in EODHD's dialect: one object with sections, of which `filter` picks some; figures are text."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.eodhd.wording import figure, of_symbol
from market_pipeline.simulator.market import FinancialReport

FIVE_YEARS, A_YEAR = 1826, 365  # days
MONTHS = "January February March April May June July August September October November December".split()
INDICES = {"GSPC.INDX": "S&P 500", "NDX.INDX": "Nasdaq 100", "DJI.INDX": "Dow Jones"}
Section = Callable[[Call, str], dict[str, Any]]


def of_ticker(call: Call) -> Reply:
    """What there is about a share, or the members of an index, which is the only section that is asked for."""
    index = INDICES.get(call.values["symbol"].upper())
    return of_symbol(fundamentals)(call) if index is None else Reply(_members(call, index))


def _members(call: Call, index: str) -> dict[str, Any]:
    return {
        str(number): {
            "Code": one.symbol.replace(".", "-"),
            "Exchange": "US",
            "Name": one.name,
            "Sector": one.sector,
            "Industry": one.industry,
        }
        for number, one in enumerate(call.market.constituents(index))
    }


def fundamentals(call: Call, symbol: str) -> Reply:
    """All sections; or the ones that `filter` names, bare where it is one, and a part of it after two colons."""
    named = [one for one in call.params.get("filter", "").split(",") if one]
    if len(named) != 1:
        return Reply({name: SECTIONS[name](call, symbol) for name in named or SECTIONS if name in SECTIONS})
    section, *parts = named[0].split("::")
    found: Any = SECTIONS[section](call, symbol) if section in SECTIONS else {}
    for part in parts:
        found = found.get(part, {})
    return Reply(found)


def _general(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.company(symbol, as_of=call.now)
    city_line = f"{found.city}, {found.state}, United States, {found.zip_code}"
    return {
        "Code": symbol.replace(".", "-"),
        "Type": "Common Stock",
        "Name": found.name,
        "Exchange": found.exchange,
        "CurrencyCode": found.currency,
        "CurrencyName": "US Dollar",
        "CurrencySymbol": "$",
        "CountryName": "USA",
        "CountryISO": "US",
        "ISIN": found.isin,
        "CUSIP": found.isin[2:11],
        "CIK": found.cik.lstrip("0"),
        "FiscalYearEnd": MONTHS[found.fiscal_year_end_month - 1],
        "IPODate": found.ipo_date.isoformat(),
        "Sector": found.sector,
        "Industry": found.industry,
        "Description": found.description,
        "Address": f"{found.street}, {city_line}",
        "Officers": {"0": {"Name": found.ceo, "Title": "CEO & Director", "YearBorn": "NA"}},
        "Phone": found.phone,
        "WebURL": found.website,
        "FullTimeEmployees": found.employees,
        "UpdatedAt": call.now.astimezone(NEW_YORK).date().isoformat(),
    }


def _highlights(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.ratios(symbol, call.now)
    return {
        "MarketCapitalization": found.market_cap,
        "MarketCapitalizationMln": figure(found.market_cap / 1_000_000),
        "EBITDA": found.ebitda_ttm,
        "PERatio": figure(found.pe),
        "PEGRatio": figure(found.peg),
        "BookValue": figure(found.book_value_per_share),
        "DividendShare": figure(found.dividend_per_share),
        "DividendYield": figure(found.dividend_yield),
        "EarningsShare": figure(found.eps_ttm),
        "MostRecentQuarter": found.quarters[0].period_end.isoformat(),
        "ProfitMargin": figure(found.profit_margin),
        "OperatingMarginTTM": figure(found.operating_margin),
        "ReturnOnAssetsTTM": figure(found.roa),
        "ReturnOnEquityTTM": figure(found.roe),
        "RevenueTTM": figure(found.revenue_ttm, 2),
        "RevenuePerShareTTM": figure(found.revenue_ttm / found.shares_outstanding),
        "DilutedEpsTTM": figure(found.eps_ttm),
        "QuarterlyRevenueGrowthYOY": figure(found.revenue_growth),
    }


def _valuation(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.ratios(symbol, call.now)
    return {
        "TrailingPE": figure(found.pe),
        "ForwardPE": figure(found.forward_pe),
        "PriceSalesTTM": figure(found.ps),
        "PriceBookMRQ": figure(found.pb),
        "EnterpriseValueRevenue": figure(found.enterprise_value / found.revenue_ttm),
        "EnterpriseValueEbitda": figure(found.ev_to_ebitda),
    }


def _shares(call: Call, symbol: str) -> dict[str, Any]:
    return {"SharesOutstanding": figure(call.market.ratios(symbol, call.now).shares_outstanding, 2)}


def _technicals(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.ratios(symbol, call.now)
    return {
        "Beta": figure(found.beta),
        "52WeekHigh": figure(found.week52_high),
        "52WeekLow": figure(found.week52_low),
        "50DayMA": figure(found.average_50d),
        "200DayMA": figure(found.average_200d),
    }


def _splits_dividends(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.ratios(symbol, call.now)
    return {
        "ForwardAnnualDividendRate": figure(found.dividend_per_share),
        "ForwardAnnualDividendYield": figure(found.dividend_yield),
        "PayoutRatio": figure(found.payout_ratio),
    }


def _earnings(call: Call, symbol: str) -> dict[str, Any]:
    today = call.now.astimezone(NEW_YORK).date()
    span = today - timedelta(days=FIVE_YEARS), today + timedelta(days=A_YEAR)
    history = {}
    for one in reversed(call.market.earnings(symbol, *span, as_of=call.now)):
        difference = None if one.eps_actual is None else one.eps_actual - one.eps_estimate
        history[one.period_end.isoformat()] = {
            "date": one.period_end.isoformat(),
            "reportDate": one.report_date.isoformat(),
            "epsActual": one.eps_actual,
            "epsEstimate": one.eps_estimate,
            "epsDifference": difference,
            "surprisePercent": _percent(difference, one.eps_estimate),
        }
    return {"History": history}


def _percent(difference: Decimal | None, estimate: Decimal) -> Decimal | None:
    return None if difference is None or estimate == 0 else round(difference / abs(estimate) * 100, 2)


def _financials(call: Call, symbol: str) -> dict[str, Any]:
    filed = call.market.statements(symbol, as_of=call.now)
    return {
        name: {
            "currency_symbol": filed.currency,
            "quarterly": _by_date(filed.quarterly, figures),
            "yearly": _by_date(filed.annual, figures),
        }
        for name, figures in STATEMENTS.items()
    }


def _by_date(
    reports: Iterable[FinancialReport], figures: Callable[[FinancialReport], Mapping[str, int]]
) -> dict[str, dict[str, str | None]]:
    return {
        one.period_end.isoformat(): {
            "date": one.period_end.isoformat(),
            "filing_date": one.filing_date.isoformat(),
            **{name: figure(value, 2) for name, value in figures(one).items()},
        }
        for one in reports
    }


def _balance_sheet(report: FinancialReport) -> Mapping[str, int]:
    found = report.balance
    return {
        "intangibleAssets": found.intangible_assets,
        "totalLiab": found.total_liabilities,
        "totalStockholderEquity": found.total_equity,
        "totalAssets": found.total_assets,
        "commonStock": found.common_stock,
        "otherCurrentAssets": found.other_current_assets,
        "otherCurrentLiab": found.other_current_liabilities,
        "retainedEarnings": found.retained_earnings,
        "goodWill": found.goodwill,
        "cash": found.cash,
        "totalCurrentLiabilities": found.current_liabilities,
        "shortLongTermDebt": found.short_term_debt,
        "propertyPlantEquipment": found.property_plant_equipment,
        "totalCurrentAssets": found.current_assets,
        "longTermInvestments": found.long_term_investments,
        "shortTermInvestments": found.short_term_investments,
        "netReceivables": found.receivables,
        "longTermDebt": found.long_term_debt,
        "inventory": found.inventory,
        "accountsPayable": found.accounts_payable,
        "longTermDebtTotal": found.long_term_debt,
        "commonStockSharesOutstanding": found.shares_outstanding,
    }


def _cash_flow(report: FinancialReport) -> Mapping[str, int]:
    found = report.cash_flow
    return {
        "investments": found.net_investments,
        "totalCashflowsFromInvestingActivities": found.investing_cash_flow,
        "netBorrowings": found.net_debt_issued,
        "totalCashFromFinancingActivities": found.financing_cash_flow,
        "netIncome": found.net_income,
        "changeInCash": found.net_change_in_cash,
        "totalCashFromOperatingActivities": found.operating_cash_flow,
        "depreciation": found.depreciation_and_amortization,
        "dividendsPaid": -found.dividends_paid,
        "salePurchaseOfStock": -found.share_repurchases,
        "capitalExpenditures": found.capital_expenditure,
    }


def _income_statement(report: FinancialReport) -> Mapping[str, int]:
    found = report.income
    return {
        "researchDevelopment": found.research_and_development,
        "incomeBeforeTax": found.pretax_income,
        "netIncome": found.net_income,
        "sellingGeneralAdministrative": found.selling_general_administrative,
        "grossProfit": found.gross_profit,
        "ebit": found.ebitda - found.depreciation_and_amortization,
        "operatingIncome": found.operating_income,
        "interestExpense": -found.interest_expense,
        "incomeTaxExpense": found.income_tax,
        "totalRevenue": found.revenue,
        "totalOperatingExpenses": found.operating_expenses,
        "costOfRevenue": found.cost_of_revenue,
    }


STATEMENTS: Mapping[str, Callable[[FinancialReport], Mapping[str, int]]] = {
    "Balance_Sheet": _balance_sheet,
    "Cash_Flow": _cash_flow,
    "Income_Statement": _income_statement,
}
SECTIONS: Mapping[str, Section] = {
    "General": _general,
    "Highlights": _highlights,
    "Valuation": _valuation,
    "SharesStats": _shares,
    "Technicals": _technicals,
    "SplitsDividends": _splits_dividends,
    "Earnings": _earnings,
    "Financials": _financials,
}
