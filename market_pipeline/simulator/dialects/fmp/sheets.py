"""The statements and ratios of Financial Modeling Prep's dialect.

Statements are whole, as the vendor sends them: a line that the market does not tell of is 0.  Of the many ratios only
those are told that follow from the market's own.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call
from market_pipeline.simulator.dialects.fmp.questions import spelled
from market_pipeline.simulator.market import FinancialReport

FIVE_PERIODS = "5"
A_WEEK = timedelta(days=7)  # always holds a session


def sheet(name: str) -> Callable[[Call, str], list[dict[str, Any]]]:
    """The handler of one of SHEETS: the periods filed by now, newest first."""
    figures = SHEETS[name]

    def periods(call: Call, symbol: str) -> list[dict[str, Any]]:
        filed = call.market.statements(symbol, as_of=call.now)
        reports = filed.quarterly if call.params.get("period") == "quarter" else filed.annual
        cik = call.market.company(symbol, as_of=call.now).cik
        limit = int(call.params.get("limit", FIVE_PERIODS))
        return [_period(one, filed.currency) | _filing(one, cik, name) | figures(call, one) for one in reports[:limit]]

    return periods


def _period(report: FinancialReport, currency: str) -> dict[str, Any]:
    return {
        "date": report.period_end.isoformat(),
        "symbol": spelled(report.symbol),
        "reportedCurrency": currency,
        "fiscalYear": str(report.fiscal_year),
        "period": report.fiscal_period,
    }


def _filing(report: FinancialReport, cik: str, name: str) -> dict[str, Any]:
    """Where a statement comes from; ratios come from nowhere."""
    if name == "key-metrics":
        return {}
    return {
        "cik": cik,
        "filingDate": report.filing_date.isoformat(),
        "acceptedDate": report.accepted_at.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M:%S"),
    }


def income_statement(_: Call, report: FinancialReport) -> dict[str, Any]:
    found = report.income
    return {
        "revenue": found.revenue,
        "costOfRevenue": found.cost_of_revenue,
        "grossProfit": found.gross_profit,
        "researchAndDevelopmentExpenses": found.research_and_development,
        "generalAndAdministrativeExpenses": 0,
        "sellingAndMarketingExpenses": 0,
        "sellingGeneralAndAdministrativeExpenses": found.selling_general_administrative,
        "otherExpenses": 0,
        "operatingExpenses": found.operating_expenses,
        "costAndExpenses": found.cost_of_revenue + found.operating_expenses,
        "netInterestIncome": -found.interest_expense,
        "interestIncome": 0,
        "interestExpense": found.interest_expense,
        "depreciationAndAmortization": found.depreciation_and_amortization,
        "ebitda": found.ebitda,
        "ebit": found.ebitda - found.depreciation_and_amortization,
        "nonOperatingIncomeExcludingInterest": found.other_income,
        "operatingIncome": found.operating_income,
        "totalOtherIncomeExpensesNet": found.other_income - found.interest_expense,
        "incomeBeforeTax": found.pretax_income,
        "incomeTaxExpense": found.income_tax,
        "netIncomeFromContinuingOperations": found.net_income,
        "netIncomeFromDiscontinuedOperations": 0,
        "otherAdjustmentsToNetIncome": 0,
        "netIncome": found.net_income,
        "netIncomeDeductions": 0,
        "bottomLineNetIncome": found.net_income,
        "eps": found.eps_basic,
        "epsDiluted": found.eps_diluted,
        "weightedAverageShsOut": found.shares_basic,
        "weightedAverageShsOutDil": found.shares_diluted,
    }


def balance_sheet(_: Call, report: FinancialReport) -> dict[str, Any]:
    found = report.balance
    return {
        "cashAndCashEquivalents": found.cash,
        "shortTermInvestments": found.short_term_investments,
        "cashAndShortTermInvestments": found.cash + found.short_term_investments,
        "netReceivables": found.receivables,
        "accountsReceivables": found.receivables,
        "otherReceivables": 0,
        "inventory": found.inventory,
        "prepaids": 0,
        "otherCurrentAssets": found.other_current_assets,
        "totalCurrentAssets": found.current_assets,
        "propertyPlantEquipmentNet": found.property_plant_equipment,
        "goodwill": found.goodwill,
        "intangibleAssets": found.intangible_assets,
        "goodwillAndIntangibleAssets": found.goodwill + found.intangible_assets,
        "longTermInvestments": found.long_term_investments,
        "taxAssets": 0,
        "otherNonCurrentAssets": found.other_noncurrent_assets,
        "totalNonCurrentAssets": found.noncurrent_assets,
        "otherAssets": 0,
        "totalAssets": found.total_assets,
        "totalPayables": found.accounts_payable,
        "accountPayables": found.accounts_payable,
        "otherPayables": 0,
        "accruedExpenses": 0,
        "shortTermDebt": found.short_term_debt,
        "capitalLeaseObligationsCurrent": 0,
        "taxPayables": 0,
        "deferredRevenue": found.deferred_revenue,
        "otherCurrentLiabilities": found.other_current_liabilities,
        "totalCurrentLiabilities": found.current_liabilities,
        "longTermDebt": found.long_term_debt,
        "capitalLeaseObligationsNonCurrent": 0,
        "deferredRevenueNonCurrent": 0,
        "deferredTaxLiabilitiesNonCurrent": 0,
        "otherNonCurrentLiabilities": found.other_noncurrent_liabilities,
        "totalNonCurrentLiabilities": found.noncurrent_liabilities,
        "otherLiabilities": 0,
        "capitalLeaseObligations": 0,
        "totalLiabilities": found.total_liabilities,
        "treasuryStock": 0,
        "preferredStock": 0,
        "commonStock": found.common_stock,
        "retainedEarnings": found.retained_earnings,
        "additionalPaidInCapital": 0,
        "accumulatedOtherComprehensiveIncomeLoss": found.accumulated_other_comprehensive_income,
        "otherTotalStockholdersEquity": 0,
        "totalStockholdersEquity": found.total_equity,
        "totalEquity": found.total_equity,
        "minorityInterest": 0,
        "totalLiabilitiesAndTotalEquity": found.total_assets,
        "totalInvestments": found.short_term_investments + found.long_term_investments,
        "totalDebt": found.total_debt,
        "netDebt": found.net_debt,
    }


def cash_flow_statement(_: Call, report: FinancialReport) -> dict[str, Any]:
    found, cash = report.cash_flow, report.balance.cash
    earned = found.net_income + found.depreciation_and_amortization + found.stock_based_compensation
    return {
        "netIncome": found.net_income,
        "depreciationAndAmortization": found.depreciation_and_amortization,
        "deferredIncomeTax": 0,
        "stockBasedCompensation": found.stock_based_compensation,
        "changeInWorkingCapital": found.change_in_working_capital,
        "accountsReceivables": 0,
        "inventory": 0,
        "accountsPayables": 0,
        "otherWorkingCapital": found.change_in_working_capital,
        "otherNonCashItems": found.operating_cash_flow - earned - found.change_in_working_capital,
        "netCashProvidedByOperatingActivities": found.operating_cash_flow,
        "investmentsInPropertyPlantAndEquipment": -found.capital_expenditure,
        "acquisitionsNet": -found.acquisitions,
        "purchasesOfInvestments": min(found.net_investments, 0),
        "salesMaturitiesOfInvestments": max(found.net_investments, 0),
        "otherInvestingActivities": 0,
        "netCashProvidedByInvestingActivities": found.investing_cash_flow,
        "netDebtIssuance": found.net_debt_issued,
        "longTermNetDebtIssuance": found.net_debt_issued,
        "shortTermNetDebtIssuance": 0,
        "netStockIssuance": -found.share_repurchases,
        "netCommonStockIssuance": -found.share_repurchases,
        "commonStockIssuance": 0,
        "commonStockRepurchased": -found.share_repurchases,
        "netPreferredStockIssuance": 0,
        "netDividendsPaid": -found.dividends_paid,
        "commonDividendsPaid": -found.dividends_paid,
        "preferredDividendsPaid": 0,
        "otherFinancingActivities": 0,
        "netCashProvidedByFinancingActivities": found.financing_cash_flow,
        "effectOfForexChangesOnCash": 0,
        "netChangeInCash": found.net_change_in_cash,
        "cashAtEndOfPeriod": cash,
        "cashAtBeginningOfPeriod": cash - found.net_change_in_cash,
        "operatingCashFlow": found.operating_cash_flow,
        "capitalExpenditure": -found.capital_expenditure,
        "freeCashFlow": found.free_cash_flow,
        "incomeTaxesPaid": report.income.income_tax,
        "interestPaid": report.income.interest_expense,
    }


def key_metrics(call: Call, report: FinancialReport) -> dict[str, Any]:
    income, balance = report.income, report.balance
    week = (report.period_end - A_WEEK, report.period_end)
    close = call.market.bars(report.symbol, *week, as_of=call.now, adjustment="split")[-1].close
    market_cap = round(close * balance.shares_outstanding)
    enterprise_value = market_cap + balance.net_debt
    return {
        "marketCap": market_cap,
        "enterpriseValue": enterprise_value,
        "evToSales": enterprise_value / income.revenue,
        "evToEBITDA": enterprise_value / income.ebitda if income.ebitda > 0 else 0,
        "currentRatio": balance.current_assets / balance.current_liabilities,
        "workingCapital": balance.current_assets - balance.current_liabilities,
        "returnOnAssets": income.net_income / balance.total_assets,
        "returnOnEquity": income.net_income / balance.total_equity,
        "earningsYield": income.net_income / market_cap,
        "freeCashFlowYield": report.cash_flow.free_cash_flow / market_cap,
        "capexToRevenue": report.cash_flow.capital_expenditure / income.revenue,
        "researchAndDevelopementToRevenue": income.research_and_development / income.revenue,  # spelled like this
    }


def ratios_ttm(call: Call, symbol: str) -> list[dict[str, Any]]:
    """The trailing twelve months, in which 0 stands for a ratio that means nothing."""
    found = call.market.ratios(symbol, call.now)
    ratios: Mapping[str, Any] = {
        "grossProfitMarginTTM": found.gross_margin,
        "operatingProfitMarginTTM": found.operating_margin,
        "netProfitMarginTTM": found.profit_margin,
        "currentRatioTTM": found.current_ratio,
        "priceToEarningsRatioTTM": found.pe or 0,
        "priceToEarningsGrowthRatioTTM": found.peg or 0,
        "priceToBookRatioTTM": found.pb,
        "priceToSalesRatioTTM": found.ps,
        "debtToEquityRatioTTM": found.debt_to_equity,
        "dividendPayoutRatioTTM": found.payout_ratio or 0,
        "dividendYieldTTM": found.dividend_yield,
        "enterpriseValueTTM": found.enterprise_value,
        "revenuePerShareTTM": found.revenue_ttm / found.shares_outstanding,
        "netIncomePerShareTTM": found.eps_ttm,
        "bookValuePerShareTTM": found.book_value_per_share,
        "enterpriseValueMultipleTTM": found.ev_to_ebitda or 0,
        "dividendPerShareTTM": found.dividend_per_share,
    }
    return [{"symbol": spelled(symbol), **ratios}]


SHEETS: Mapping[str, Callable[[Call, FinancialReport], dict[str, Any]]] = {
    "income-statement": income_statement,
    "balance-sheet-statement": balance_sheet,
    "cash-flow-statement": cash_flow_statement,
    "key-metrics": key_metrics,
}
