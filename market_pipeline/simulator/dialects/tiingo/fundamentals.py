"""Statements and ratios in Tiingo's dialect: lists of data codes and values, what is spent with a minus."""

from typing import Any

from market_pipeline.simulator.dialect import Call
from market_pipeline.simulator.dialects.tiingo.wording import Table, days, midnight
from market_pipeline.simulator.market import FinancialReport

FIVE_YEARS = 1826
A_YEAR = 365


def statements(call: Call, symbol: str) -> Table:
    """The newest first; of one day the year (quarter 0) before its last quarter."""
    start, end = days(call, FIVE_YEARS)
    filed = call.market.statements(symbol, as_of=call.now)
    reports = [one for one in (*filed.annual, *filed.quarterly) if start <= one.period_end <= end]
    reports.sort(key=lambda report: report.period_end, reverse=True)
    return [
        {
            "date": one.period_end.isoformat(),
            "year": one.fiscal_year,
            "quarter": 0 if one.fiscal_period == "FY" else int(one.fiscal_period[1]),
            "statementData": _statement_data(one),
        }
        for one in reports
    ]


def _statement_data(report: FinancialReport) -> dict[str, Any]:
    parts = {
        "balanceSheet": _balance_sheet(report),
        "incomeStatement": _income_statement(report),
        "cashFlow": _cash_flow(report),
        "overview": _overview(report),
    }
    return {
        name: [{"dataCode": code, "value": value} for code, value in codes.items()] for name, codes in parts.items()
    }


def _balance_sheet(report: FinancialReport) -> dict[str, Any]:
    found = report.balance
    return {
        "cashAndEq": found.cash,
        "investmentsCurrent": found.short_term_investments,
        "acctRec": found.receivables,
        "inventory": found.inventory,
        "assetsCurrent": found.current_assets,
        "ppeq": found.property_plant_equipment,
        "intangibles": found.goodwill + found.intangible_assets,
        "investmentsNonCurrent": found.long_term_investments,
        "assetsNonCurrent": found.noncurrent_assets,
        "totalAssets": found.total_assets,
        "acctPay": found.accounts_payable,
        "deferredRev": found.deferred_revenue,
        "debtCurrent": found.short_term_debt,
        "liabilitiesCurrent": found.current_liabilities,
        "debtNonCurrent": found.long_term_debt,
        "liabilitiesNonCurrent": found.noncurrent_liabilities,
        "totalLiabilities": found.total_liabilities,
        "debt": found.total_debt,
        "retainedEarnings": found.retained_earnings,
        "accoci": found.accumulated_other_comprehensive_income,
        "equity": found.total_equity,
        "sharesBasic": found.shares_outstanding,
    }


def _income_statement(report: FinancialReport) -> dict[str, Any]:
    found = report.income
    return {
        "revenue": found.revenue,
        "costRev": found.cost_of_revenue,
        "grossProfit": found.gross_profit,
        "rnd": found.research_and_development,
        "sga": found.selling_general_administrative,
        "opex": found.operating_expenses,
        "opinc": found.operating_income,
        "ebitda": found.ebitda,
        "ebit": found.ebitda - found.depreciation_and_amortization,
        "intexp": found.interest_expense,
        "ebt": found.pretax_income,
        "taxExp": found.income_tax,
        "netinc": found.net_income,
        "netIncComStock": found.net_income,
        "eps": found.eps_basic,
        "epsDil": found.eps_diluted,
        "shareswa": found.shares_basic,
        "shareswaDil": found.shares_diluted,
    }


def _cash_flow(report: FinancialReport) -> dict[str, Any]:
    found = report.cash_flow
    return {
        "ncfo": found.operating_cash_flow,
        "capex": -found.capital_expenditure,
        "freeCashFlow": found.free_cash_flow,
        "businessAcqDisposals": -found.acquisitions,
        "investmentsAcqDisposals": found.net_investments,
        "ncfi": found.investing_cash_flow,
        "payDiv": -found.dividends_paid,
        "issrepayEquity": -found.share_repurchases,
        "issrepayDebt": found.net_debt_issued,
        "ncff": found.financing_cash_flow,
        "ncf": found.net_change_in_cash,
        "depamor": found.depreciation_and_amortization,
        "sbcomp": found.stock_based_compensation,
    }


def _overview(report: FinancialReport) -> dict[str, Any]:
    income, balance = report.income, report.balance
    return {
        "grossMargin": income.gross_profit / income.revenue,
        "opMargin": income.operating_income / income.revenue,
        "netMargin": income.net_income / income.revenue,
        "roe": income.net_income / balance.total_equity,
        "roa": income.net_income / balance.total_assets,
        "debtEquity": balance.total_debt / balance.total_equity,
        "currentRatio": balance.current_assets / balance.current_liabilities,
        "bvps": balance.total_equity / balance.shares_outstanding,
    }


def daily(call: Call, symbol: str) -> Table:
    """The ratios at the close of each session that is over, oldest first."""
    closes = [call.market.hours(session).close for session in call.market.sessions(*days(call, A_YEAR))]
    ratios = [call.market.ratios(symbol, close) for close in closes if close <= call.now]
    return [
        {
            "date": midnight(one.as_of.date()),
            "marketCap": one.market_cap,
            "enterpriseVal": one.enterprise_value,
            "peRatio": one.pe,
            "pbRatio": one.pb,
            "trailingPEG1Y": one.peg,
        }
        for one in ratios
    ]
