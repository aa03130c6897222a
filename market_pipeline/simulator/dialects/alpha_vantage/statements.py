"""What companies file, in Alpha Vantage's dialect.

Lines that the market does not tell of are "None", as the vendor writes them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.alpha_vantage.texts import spelled, written
from market_pipeline.simulator.market import FinancialReport


def income(report: FinancialReport) -> dict[str, Any]:
    found = report.income
    return {
        "grossProfit": found.gross_profit,
        "totalRevenue": found.revenue,
        "costOfRevenue": found.cost_of_revenue,
        "costofGoodsAndServicesSold": found.cost_of_revenue,
        "operatingIncome": found.operating_income,
        "sellingGeneralAndAdministrative": found.selling_general_administrative,
        "researchAndDevelopment": found.research_and_development,
        "operatingExpenses": found.operating_expenses,
        "investmentIncomeNet": None,
        "netInterestIncome": -found.interest_expense,
        "interestIncome": None,
        "interestExpense": found.interest_expense,
        "nonInterestIncome": None,
        "otherNonOperatingIncome": found.other_income,
        "depreciation": None,
        "depreciationAndAmortization": found.depreciation_and_amortization,
        "incomeBeforeTax": found.pretax_income,
        "incomeTaxExpense": found.income_tax,
        "interestAndDebtExpense": found.interest_expense,
        "netIncomeFromContinuingOperations": found.net_income,
        "comprehensiveIncomeNetOfTax": None,
        "ebit": found.ebitda - found.depreciation_and_amortization,
        "ebitda": found.ebitda,
        "netIncome": found.net_income,
    }


def balance(report: FinancialReport) -> dict[str, Any]:
    found = report.balance
    return {
        "totalAssets": found.total_assets,
        "totalCurrentAssets": found.current_assets,
        "cashAndCashEquivalentsAtCarryingValue": found.cash,
        "cashAndShortTermInvestments": found.cash + found.short_term_investments,
        "inventory": found.inventory,
        "currentNetReceivables": found.receivables,
        "totalNonCurrentAssets": found.noncurrent_assets,
        "propertyPlantEquipment": found.property_plant_equipment,
        "accumulatedDepreciationAmortizationPPE": None,
        "intangibleAssets": found.intangible_assets + found.goodwill,
        "intangibleAssetsExcludingGoodwill": found.intangible_assets,
        "goodwill": found.goodwill,
        "investments": None,
        "longTermInvestments": found.long_term_investments,
        "shortTermInvestments": found.short_term_investments,
        "otherCurrentAssets": found.other_current_assets,
        "otherNonCurrentAssets": found.other_noncurrent_assets,
        "totalLiabilities": found.total_liabilities,
        "totalCurrentLiabilities": found.current_liabilities,
        "currentAccountsPayable": found.accounts_payable,
        "deferredRevenue": found.deferred_revenue,
        "currentDebt": found.short_term_debt,
        "shortTermDebt": found.short_term_debt,
        "totalNonCurrentLiabilities": found.noncurrent_liabilities,
        "capitalLeaseObligations": None,
        "longTermDebt": found.long_term_debt,
        "currentLongTermDebt": None,
        "longTermDebtNoncurrent": found.long_term_debt,
        "shortLongTermDebtTotal": found.total_debt,
        "otherCurrentLiabilities": found.other_current_liabilities,
        "otherNonCurrentLiabilities": found.other_noncurrent_liabilities,
        "totalShareholderEquity": found.total_equity,
        "treasuryStock": None,
        "retainedEarnings": found.retained_earnings,
        "commonStock": found.common_stock,
        "commonStockSharesOutstanding": found.shares_outstanding,
    }


def cash_flow(report: FinancialReport) -> dict[str, Any]:
    found = report.cash_flow
    untold = (
        "paymentsForOperatingActivities proceedsFromOperatingActivities changeInOperatingLiabilities"
        " changeInOperatingAssets changeInReceivables changeInInventory proceedsFromRepaymentsOfShortTermDebt"
        " paymentsForRepurchaseOfEquity paymentsForRepurchaseOfPreferredStock dividendPayoutPreferredStock"
        " proceedsFromIssuanceOfCommonStock proceedsFromIssuanceOfLongTermDebtAndCapitalSecuritiesNet"
        " proceedsFromIssuanceOfPreferredStock proceedsFromSaleOfTreasuryStock changeInExchangeRate"
    )
    return {
        "operatingCashflow": found.operating_cash_flow,
        "depreciationDepletionAndAmortization": found.depreciation_and_amortization,
        "capitalExpenditures": found.capital_expenditure,
        "profitLoss": found.net_income,
        "cashflowFromInvestment": found.investing_cash_flow,
        "cashflowFromFinancing": found.financing_cash_flow,
        "paymentsForRepurchaseOfCommonStock": found.share_repurchases,
        "dividendPayout": found.dividends_paid,
        "dividendPayoutCommonStock": found.dividends_paid,
        "proceedsFromRepurchaseOfEquity": -found.share_repurchases,
        "stockBasedCompensation": found.stock_based_compensation,
        "changeInCashAndCashEquivalents": found.net_change_in_cash,
        "netIncome": found.net_income,
        **dict.fromkeys(untold.split()),
    }


def statement(figures: Callable[[FinancialReport], Mapping[str, Any]]) -> Callable[[Call, str], Reply]:
    def answer(call: Call, symbol: str) -> Reply:
        filed = call.market.statements(symbol, as_of=call.now)

        def reports(periods: tuple[FinancialReport, ...]) -> list[dict[str, str]]:
            return [
                {"fiscalDateEnding": one.period_end.isoformat(), "reportedCurrency": filed.currency}
                | {name: written(value) for name, value in figures(one).items()}
                for one in periods
            ]

        body = {"annualReports": reports(filed.annual), "quarterlyReports": reports(filed.quarterly)}
        return Reply({"symbol": spelled(symbol), **body})

    return answer
