"""Statements in Twelve Data's dialect: normalised, the ones that its plans are sold for.

Those as reported are in as_reported.py.
"""

from collections.abc import Callable, Mapping
from typing import Any

from market_pipeline.simulator.dialect import Call
from market_pipeline.simulator.dialects.twelve_data.wording import instrument
from market_pipeline.simulator.market import FinancialReport

SIX_PERIODS = "6"
Sheet = Callable[[FinancialReport], dict[str, Any]]


def reports(call: Call, symbol: str) -> list[FinancialReport]:
    filed = call.market.statements(symbol, as_of=call.now)
    found = filed.quarterly if call.params.get("period") == "quarterly" else filed.annual
    return list(found[: int(call.params.get("outputsize", SIX_PERIODS))])


def normalised(name: str) -> Callable[[Call, str], dict[str, Any]]:
    """The handler of one of NORMALISED."""

    def statements(call: Call, symbol: str) -> dict[str, Any]:
        by_quarter = call.params.get("period") == "quarterly"
        meta = instrument(call.market.company(symbol, as_of=call.now), "type")
        periods = [_normalised_period(one, name) | NORMALISED[name](one) for one in reports(call, symbol)]
        return {"meta": meta | {"period": "Quarterly" if by_quarter else "Annual"}, name: periods}

    return statements


def _normalised_period(report: FinancialReport, name: str) -> dict[str, Any]:
    quarter = None if report.fiscal_period == "FY" else int(report.fiscal_period[1])
    label = {} if name == "balance_sheet" else {"quarter": quarter}
    return {"fiscal_date": report.period_end.isoformat(), **label, "year": report.fiscal_year}


def income_statement(report: FinancialReport) -> dict[str, Any]:
    found = report.income
    return {
        "sales": found.revenue,
        "cost_of_goods": found.cost_of_revenue,
        "gross_profit": found.gross_profit,
        "operating_expense": {
            "research_and_development": found.research_and_development,
            "selling_general_and_administrative": found.selling_general_administrative,
            "other_operating_expenses": None,
        },
        "operating_income": found.operating_income,
        "non_operating_interest": {"income": None, "expense": found.interest_expense},
        "other_income_expense": found.other_income,
        "pretax_income": found.pretax_income,
        "income_tax": found.income_tax,
        "net_income": found.net_income,
        "eps_basic": found.eps_basic,
        "eps_diluted": found.eps_diluted,
        "basic_shares_outstanding": found.shares_basic,
        "diluted_shares_outstanding": found.shares_diluted,
        "ebit": found.ebitda - found.depreciation_and_amortization,
        "ebitda": found.ebitda,
        "net_income_continuous_operations": found.net_income,
        "minority_interests": None,
        "preferred_stock_dividends": None,
    }


def balance_sheet(report: FinancialReport) -> dict[str, Any]:
    found = report.balance
    return {
        "assets": {
            "current_assets": {
                "cash": found.cash,
                "cash_equivalents": None,
                "cash_and_cash_equivalents": found.cash,
                "other_short_term_investments": found.short_term_investments,
                "accounts_receivable": found.receivables,
                "inventory": found.inventory,
                "other_current_assets": found.other_current_assets,
                "total_current_assets": found.current_assets,
            },
            "non_current_assets": {
                "properties": found.property_plant_equipment,
                "goodwill": found.goodwill,
                "intangible_assets": found.intangible_assets,
                "investments_and_advances": found.long_term_investments,
                "other_non_current_assets": found.other_noncurrent_assets,
                "total_non_current_assets": found.noncurrent_assets,
            },
            "total_assets": found.total_assets,
        },
        "liabilities": {
            "current_liabilities": {
                "accounts_payable": found.accounts_payable,
                "short_term_debt": found.short_term_debt,
                "deferred_revenue": found.deferred_revenue,
                "other_current_liabilities": found.other_current_liabilities,
                "total_current_liabilities": found.current_liabilities,
            },
            "non_current_liabilities": {
                "long_term_debt": found.long_term_debt,
                "other_non_current_liabilities": found.other_noncurrent_liabilities,
                "total_non_current_liabilities": found.noncurrent_liabilities,
            },
            "total_liabilities": found.total_liabilities,
        },
        "shareholders_equity": {
            "common_stock": found.common_stock,
            "retained_earnings": found.retained_earnings,
            "other_shareholders_equity": found.accumulated_other_comprehensive_income,
            "total_shareholders_equity": found.total_equity,
        },
    }


def cash_flow(report: FinancialReport) -> dict[str, Any]:
    found = report.cash_flow
    return {
        "operating_activities": {
            "net_income": found.net_income,
            "depreciation": found.depreciation_and_amortization,
            "stock_based_compensation": found.stock_based_compensation,
            "other_assets_liabilities": found.change_in_working_capital,
            "operating_cash_flow": found.operating_cash_flow,
        },
        "investing_activities": {
            "capital_expenditures": -found.capital_expenditure,
            "net_acquisitions": -found.acquisitions,
            "other_investing_activity": found.net_investments,
            "investing_cash_flow": found.investing_cash_flow,
        },
        "financing_activities": {
            "long_term_debt_issuance": found.net_debt_issued,
            "common_stock_repurchase": -found.share_repurchases,
            "common_dividends": -found.dividends_paid,
            "financing_cash_flow": found.financing_cash_flow,
        },
        "end_cash_position": report.balance.cash,
        "income_tax_paid": report.income.income_tax,
        "interest_paid": report.income.interest_expense,
        "free_cash_flow": found.free_cash_flow,
    }


NORMALISED: Mapping[str, Sheet] = {
    "income_statement": income_statement,
    "balance_sheet": balance_sheet,
    "cash_flow": cash_flow,
}
