"""Companies: dividends and results in their order of events, books that add up, ratios that follow from them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings

from market_pipeline.simulator.market import FinancialReport
from market_pipeline_tests.simulator.markets import FRIDAY_NOON, MARKET, MOMENTS, SYMBOLS

ALWAYS = (date(1990, 1, 1), date(2045, 12, 31))


def test_about_seven_companies_in_ten_pay_dividends() -> None:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    payers = sum(bool(MARKET.dividends(f"S{number}", *year, as_of=FRIDAY_NOON)) for number in range(400))
    assert 0.62 < payers / 400 < 0.78


@given(symbol=SYMBOLS, as_of=MOMENTS)
@settings(max_examples=40)
def test_a_dividend_is_declared_then_goes_ex_then_is_paid(symbol: str, as_of: datetime) -> None:
    for dividend in MARKET.dividends(symbol, *ALWAYS, as_of=as_of):
        assert dividend.declaration_date < dividend.ex_date <= dividend.record_date < dividend.pay_date
        assert dividend.declaration_date <= as_of.date()
        assert dividend.amount > 0
        days = (dividend.declaration_date, dividend.ex_date, dividend.record_date, dividend.pay_date)
        assert all(MARKET.sessions(day, day) for day in days)


def test_record_dates_follow_the_settlement_cycle_of_their_time() -> None:
    dividends = MARKET.dividends("KO", date(2022, 1, 1), date(2026, 11, 1), as_of=FRIDAY_NOON)
    before = [dividend for dividend in dividends if dividend.ex_date < date(2024, 5, 28)]
    after = dividends[len(before) :]
    assert before
    assert after
    assert all(dividend.record_date > dividend.ex_date for dividend in before)
    assert all(dividend.record_date == dividend.ex_date for dividend in after)


@given(symbol=SYMBOLS, as_of=MOMENTS)
@settings(max_examples=30)
def test_results_are_told_when_they_are_reported_and_four_more_quarters_are_planned(
    symbol: str, as_of: datetime
) -> None:
    reports = MARKET.earnings(symbol, as_of.date() - timedelta(days=800), date(2040, 1, 1), as_of=as_of)
    ahead = [report for report in reports if report.reported_at > as_of]
    assert len(ahead) == 4
    assert all(report.eps_actual is None and report.revenue_actual is None for report in ahead)
    assert all(report.eps_actual is not None for report in reports if report.reported_at <= as_of)
    assert all(report.period_end < report.report_date for report in reports)
    quarters = [report.fiscal_year * 4 + report.fiscal_quarter for report in reports]
    assert quarters == list(range(quarters[0], quarters[0] + len(quarters)))


@given(symbol=SYMBOLS)
@settings(max_examples=30)
def test_a_report_comes_before_the_open_or_after_the_close_of_a_session(symbol: str) -> None:
    for report in MARKET.earnings(symbol, date(2025, 1, 1), date(2026, 11, 1), as_of=FRIDAY_NOON):
        hours = MARKET.hours(report.report_date)
        if report.timing == "bmo":
            assert report.reported_at < hours.open
        else:
            assert report.reported_at > hours.close


def test_what_was_expected_stays_the_same_once_it_is_known() -> None:
    def estimates(as_of: datetime) -> dict[date, Decimal]:
        reports = MARKET.earnings("MSFT", date(2026, 1, 1), date(2026, 12, 31), as_of=as_of)
        return {report.period_end: report.eps_estimate for report in reports}

    assert estimates(datetime(2026, 1, 5, tzinfo=UTC)) == estimates(FRIDAY_NOON)


@given(symbol=SYMBOLS)
@settings(max_examples=30)
def test_earnings_and_statements_tell_the_same_results(symbol: str) -> None:
    reported = {
        report.period_end: report for report in MARKET.earnings(symbol, date(2024, 1, 1), ALWAYS[1], as_of=FRIDAY_NOON)
    }
    for filed in MARKET.statements(symbol, as_of=FRIDAY_NOON).quarterly:
        report = reported[filed.period_end]
        assert report.eps_actual == filed.income.eps_diluted
        assert report.revenue_actual == filed.income.revenue
        assert (report.fiscal_year, f"Q{report.fiscal_quarter}") == (filed.fiscal_year, filed.fiscal_period)
        assert filed.filing_date > report.report_date


def assert_balanced(report: FinancialReport) -> None:
    """Every subtotal of the three statements adds up, and they agree with each other."""
    income, balance, cash = report.income, report.balance, report.cash_flow
    assert income.gross_profit == income.revenue - income.cost_of_revenue
    assert income.operating_income == income.gross_profit - income.operating_expenses
    assert income.pretax_income == income.operating_income - income.interest_expense + income.other_income
    assert income.net_income == income.pretax_income - income.income_tax == cash.net_income
    assert income.ebitda == income.operating_income + income.depreciation_and_amortization
    assert balance.total_assets == balance.current_assets + balance.noncurrent_assets
    assert balance.total_liabilities == balance.current_liabilities + balance.noncurrent_liabilities
    assert balance.total_assets == balance.total_liabilities + balance.total_equity
    assert balance.total_equity == (
        balance.common_stock + balance.retained_earnings + balance.accumulated_other_comprehensive_income
    )
    assert balance.current_liabilities == (
        balance.accounts_payable
        + balance.short_term_debt
        + balance.deferred_revenue
        + balance.other_current_liabilities
    )
    assert balance.total_equity > 0
    assert cash.free_cash_flow == cash.operating_cash_flow - cash.capital_expenditure
    assert cash.investing_cash_flow == cash.net_investments - cash.capital_expenditure - cash.acquisitions
    assert cash.financing_cash_flow == cash.net_debt_issued - cash.dividends_paid - cash.share_repurchases
    assert cash.net_change_in_cash == cash.operating_cash_flow + cash.investing_cash_flow + cash.financing_cash_flow


@given(symbol=SYMBOLS)
@settings(max_examples=30)
def test_the_books_balance(symbol: str) -> None:
    statements = MARKET.statements(symbol, as_of=FRIDAY_NOON)
    for report in statements.quarterly + statements.annual:
        assert_balanced(report)
    for newer, older in pairwise(statements.quarterly):
        assert newer.balance.cash == older.balance.cash + newer.cash_flow.net_change_in_cash
        assert newer.period_start == older.period_end + timedelta(days=1)


@given(symbol=SYMBOLS)
@settings(max_examples=30)
def test_a_fiscal_year_is_the_sum_of_its_quarters(symbol: str) -> None:
    statements = MARKET.statements(symbol, as_of=FRIDAY_NOON)
    for year in statements.annual:
        quarters = [report for report in statements.quarterly if report.fiscal_year == year.fiscal_year]
        if len(quarters) < 4:
            continue
        assert year.income.revenue == sum(quarter.income.revenue for quarter in quarters)
        assert year.income.net_income == sum(quarter.income.net_income for quarter in quarters)
        assert year.cash_flow.free_cash_flow == sum(quarter.cash_flow.free_cash_flow for quarter in quarters)
        assert year.balance == quarters[0].balance
        assert (year.period_start, year.period_end) == (quarters[-1].period_start, quarters[0].period_end)


@given(symbol=SYMBOLS, as_of=MOMENTS)
@settings(max_examples=30)
def test_statements_are_those_filed_by_then(symbol: str, as_of: datetime) -> None:
    statements = MARKET.statements(symbol, as_of=as_of)
    assert (len(statements.quarterly), len(statements.annual)) == (8, 4)
    assert all(report.accepted_at <= as_of for report in statements.quarterly + statements.annual)
    assert {report.form for report in statements.annual} == {"10-K"}
    assert as_of.date() - statements.quarterly[0].period_end < timedelta(days=150)


@given(symbol=SYMBOLS, at=MOMENTS)
@settings(max_examples=30)
def test_ratios_follow_from_the_price_and_the_books(symbol: str, at: datetime) -> None:
    ratios, quote = MARKET.ratios(symbol, at), MARKET.quote(symbol, at)
    company = MARKET.company(symbol, as_of=at)
    assert ratios.price == quote.price
    assert ratios.market_cap == round(quote.price * company.shares_outstanding)
    assert ratios.week52_low <= ratios.price <= ratios.week52_high
    assert ratios.profit_margin < ratios.operating_margin < ratios.gross_margin
    assert (ratios.pe is None) == (ratios.eps_ttm <= 0)
    if ratios.pe is not None:
        assert ratios.pe * float(ratios.eps_ttm) == pytest.approx(float(ratios.price))
    assert 0 <= ratios.dividend_yield < 0.2


def test_the_year_range_is_that_of_the_bars() -> None:
    year = MARKET.bars("AAPL", date(2025, 11, 1), date(2026, 11, 20), as_of=FRIDAY_NOON, adjustment="split")[-252:]
    ratios = MARKET.ratios("AAPL", FRIDAY_NOON)
    assert ratios.week52_high == pytest.approx(max(bar.high for bar in year), abs=Decimal("0.01"))
    assert ratios.week52_low == pytest.approx(min(bar.low for bar in year), abs=Decimal("0.01"))
    assert ratios.average_50d == pytest.approx(sum(bar.close for bar in year[-50:]) / 50, abs=Decimal("0.01"))


def test_large_caps_are_valued_like_large_caps() -> None:
    multiples = [
        ratios.pe for symbol in MARKET.symbols() if (ratios := MARKET.ratios(symbol, FRIDAY_NOON)).pe is not None
    ]
    assert len(multiples) > 55
    assert all(4 < multiple < 80 for multiple in multiples)
