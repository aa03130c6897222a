"""Which XBRL concepts of the us-gaap taxonomy are our columns, by statement.

Where a column has several, the first one that a filer reports for a period counts: taxonomies change (SalesRevenueNet
ended in 2018), and industries prefer different totals.  Concepts that only come near a column's meaning are left out:
CostsAndExpenses, for one, are operating expenses and the cost of revenue.
Source: https://xbrl.fasb.org/us-gaap/ (labels and definitions of the elements).
"""

from collections.abc import Mapping

STATEMENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "income": {
        "revenue": (
            "Revenues",
            "RevenueFromContractWithCustomerExcludingAssessedTax",
            "RevenueFromContractWithCustomerIncludingAssessedTax",
            "SalesRevenueNet",
            "RevenuesNetOfInterestExpense",
        ),
        "cost_of_revenue": ("CostOfRevenue", "CostOfGoodsAndServicesSold", "CostOfGoodsSold"),
        "gross_profit": ("GrossProfit",),
        "research_and_development": (
            "ResearchAndDevelopmentExpense",
            "ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost",
        ),
        "operating_expenses": ("OperatingExpenses",),
        "operating_income": ("OperatingIncomeLoss",),
        "interest_expense": ("InterestExpense", "InterestExpenseNonoperating", "InterestExpenseDebt"),
        "pretax_income": (
            "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest",
            "IncomeLossFromContinuingOperationsBeforeIncomeTaxesMinorityInterestAndIncomeLossFromEquityMethodInvestments",
        ),
        "income_tax": ("IncomeTaxExpenseBenefit",),
        "net_income": ("NetIncomeLoss", "ProfitLoss"),
        "eps_basic": ("EarningsPerShareBasic", "EarningsPerShareBasicAndDiluted"),
        "eps_diluted": ("EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted"),
        "shares_diluted": ("WeightedAverageNumberOfDilutedSharesOutstanding",),
    },
    "balance": {
        "total_assets": ("Assets",),
        "current_assets": ("AssetsCurrent",),
        "cash": ("CashAndCashEquivalentsAtCarryingValue",),
        "inventory": ("InventoryNet",),
        "receivables": ("AccountsReceivableNetCurrent", "ReceivablesNetCurrent"),
        "total_liabilities": ("Liabilities",),
        "current_liabilities": ("LiabilitiesCurrent",),
        "long_term_debt": ("LongTermDebtNoncurrent", "LongTermDebt"),  # the second for filers without current debt
        "total_debt": ("DebtLongtermAndShorttermCombinedAmount",),
        "total_equity": (
            "StockholdersEquity",
            "StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest",
        ),
        "retained_earnings": ("RetainedEarningsAccumulatedDeficit",),
        "shares_outstanding": ("CommonStockSharesOutstanding",),
    },
    "cash_flow": {
        "operating_cash_flow": (
            "NetCashProvidedByUsedInOperatingActivities",
            "NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
        ),
        "investing_cash_flow": (
            "NetCashProvidedByUsedInInvestingActivities",
            "NetCashProvidedByUsedInInvestingActivitiesContinuingOperations",
        ),
        "financing_cash_flow": (
            "NetCashProvidedByUsedInFinancingActivities",
            "NetCashProvidedByUsedInFinancingActivitiesContinuingOperations",
        ),
        "capital_expenditure": ("PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"),
        "depreciation_and_amortization": (
            "DepreciationDepletionAndAmortization",
            "DepreciationAmortizationAndAccretionNet",
            "DepreciationAndAmortization",
        ),
        "dividends_paid": ("PaymentsOfDividends", "PaymentsOfDividendsCommonStock"),
        "share_repurchases": ("PaymentsForRepurchaseOfCommonStock",),
    },
}
