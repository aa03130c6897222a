"""Statements as reported (`/consolidated`) in Twelve Data's dialect: other names than normalised, nested differently.

Liabilities and equity are told within the assets; that is how the vendor does it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from market_pipeline.simulator.dialect import Call
from market_pipeline.simulator.dialects.twelve_data.statements import Sheet, reports
from market_pipeline.simulator.market import FinancialReport


def as_reported(name: str) -> Callable[[Call, str], dict[str, Any]]:
    """The handler of one of AS_REPORTED, whose `year` is one too many."""

    def statements(call: Call, symbol: str) -> dict[str, Any]:
        periods = [
            {"fiscal_date": one.period_end.isoformat(), "year": one.fiscal_year + 1, **AS_REPORTED[name](one)}
            for one in reports(call, symbol)
        ]
        return {name: periods, "status": "ok"}

    return statements


def income_as_reported(report: FinancialReport) -> dict[str, Any]:
    found = report.income
    return {
        "revenue": {"total_revenue": found.revenue, "operating_revenue": found.revenue},
        "gross_profit": {
            "gross_profit_value": found.gross_profit,
            "cost_of_revenue": {"cost_of_revenue_value": found.cost_of_revenue},
        },
        "operating_income": {
            "operating_income_value": found.operating_income,
            "operating_expense": found.operating_expenses,
        },
        "net_income": {"net_income_value": found.net_income, "net_income_common_stockholders": found.net_income},
        "earnings_per_share": {"diluted_eps": found.eps_diluted, "basic_eps": found.eps_basic},
        "expenses": {
            "selling_general_and_administration_expense": found.selling_general_administrative,
            "research_and_development_expense": found.research_and_development,
        },
        "interest_income_and_expense": {"interest_expense": found.interest_expense},
        "taxes": {"tax_provision": found.income_tax},
        "ebitda": {"ebitda_value": found.ebitda},
        "dividends_and_shares": {
            "diluted_average_shares": found.shares_diluted,
            "basic_average_shares": found.shares_basic,
        },
        "pretax_income": {"pretax_income_value": found.pretax_income},
    }


def balance_as_reported(report: FinancialReport) -> dict[str, Any]:
    found = report.balance
    liabilities = {
        "total_liabilities_net_minority_interest": found.total_liabilities,
        "current_liabilities": {
            "total_current_liabilities": found.current_liabilities,
            "current_debt": found.short_term_debt,
            "payables_and_accrued_expenses": {"accounts_payable": found.accounts_payable},
            "current_deferred_revenue": found.deferred_revenue,
            "other_current_liabilities": found.other_current_liabilities,
        },
        "non_current_liabilities": {
            "total_non_current_liabilities_net_minority_interest": found.noncurrent_liabilities,
            "long_term_debt_and_capital_lease_obligation": {"long_term_debt": found.long_term_debt},
            "other_non_current_liabilities": found.other_noncurrent_liabilities,
        },
        "equity": {
            "total_equity_gross_minority_interest": found.total_equity,
            "stockholders_equity": found.total_equity,
            "capital_stock": {
                "common_stock": found.common_stock,
                "retained_earnings": found.retained_earnings,
                "ordinary_shares_number": found.shares_outstanding,
            },
            "net_debt": found.net_debt,
            "total_debt": found.total_debt,
        },
    }
    assets = {
        "total_assets": found.total_assets,
        "current_assets": {
            "total_current_assets": found.current_assets,
            "cash_and_cash_equivalents": found.cash,
            "other_short_term_investments": found.short_term_investments,
            "receivables": {"total_receivables": found.receivables, "accounts_receivable": found.receivables},
            "inventory": {"total_inventory": found.inventory},
            "other_current_assets": found.other_current_assets,
        },
        "non_current_assets": {
            "total_non_current_assets": found.noncurrent_assets,
            "net_ppe": found.property_plant_equipment,
            "other_non_current_assets": found.other_noncurrent_assets,
        },
    }
    return {"assets": {**assets, "liabilities": liabilities}}


def cash_flow_as_reported(report: FinancialReport) -> dict[str, Any]:
    found = report.cash_flow
    return {
        "cash_flow_from_operating_activities": {
            "net_income_from_continuing_operations": found.net_income,
            "operating_cash_flow": found.operating_cash_flow,
            "free_cash_flow": found.free_cash_flow,
            "change_in_working_capital": found.change_in_working_capital,
            "stock_based_compensation": found.stock_based_compensation,
            "depreciation_and_amortization": found.depreciation_and_amortization,
        },
        "cash_flow_from_investing_activities": {
            "investing_cash_flow": found.investing_cash_flow,
            "net_investment_purchase_and_sale": found.net_investments,
            "capital_expenditure": -found.capital_expenditure,
        },
        "cash_flow_from_financing_activities": {
            "financing_cash_flow": found.financing_cash_flow,
            "cash_dividends_paid": -found.dividends_paid,
            "repurchase_of_capital_stock": -found.share_repurchases,
            "net_issuance_payments_of_debt": found.net_debt_issued,
        },
        "cash_position": {
            "beginning_cash_position": report.balance.cash - found.net_change_in_cash,
            "end_cash_position": report.balance.cash,
            "changes_in_cash": found.net_change_in_cash,
        },
    }


AS_REPORTED: Mapping[str, Sheet] = {
    "income_statement": income_as_reported,
    "balance_sheet": balance_as_reported,
    "cash_flow": cash_flow_as_reported,
}
