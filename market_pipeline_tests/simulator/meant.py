"""What is known by name about the recordings and the simulator's answers to them: exceptions, each with its reason."""

from collections.abc import Mapping

ALLOWED: Mapping[str, Mapping[str, str]] = {
    "alpha_vantage.DailyAdjusted": {"": "a premium function: free keys are refused, as the simulator's are"},
    "eodhd.BulkDailyPrices": {"[]": "an Australian exchange: the synthetic market has US shares only"},
    "eodhd.Fundamentals": {"General.Officers": "documented, and recorded elsewhere; the recording is of 2019"},
    "polygon.OptionsSnapshot": {"next_url": "documented; the recording has one page"},
    "polygon.UniversalSnapshot": {"next_url": "documented; the recording has one page"},
    "sec_edgar.CompanyFacts": {"facts.us-gaap.*": "which concepts a company files is its own; the recording keeps 20"},
    "twelve_data.Quote": {"*.last_quote_at": "documented since 2025, and the recording is of 2024"},
}
"""Differences that are meant: endpoint (`finnhub.Quote`) → path → the reason; "" is the whole answer, `*` any one key."""

NO_REQUEST: Mapping[str, str] = {
    "nasdaq/dividends/calendar_dividends_2022-05": "its address holds MOCK_DATE for the date",
    "yahoo/historical_prices/history_chart_AAPL_2025": "its address was reconstructed, without any parameter",
    "yahoo/fundamentals/timeseries_income_statement_annual_AAPL": "its address was reconstructed, without the types",
}
"""Recordings whose noted address is not what the vendor was asked."""

UNTOLD: Mapping[str, Mapping[str, str]] = {"alpha_vantage/*_csv": {"datatype": "csv"}}
"""Parameters that a recording's notes tell and its address does not, by pattern of its id."""

FUNDS = frozenset({"SPY", "QQQ", "VTI", "VTSAX"})
"""Symbols of funds in the recordings: the synthetic market takes every symbol for a company's."""


def covers(meant: str, path: str) -> bool:
    """Whether a path is one that an entry of ALLOWED means."""
    wanted, found = meant.split("."), path.split(".")
    return len(wanted) == len(found) and all(one in ("*", other) for one, other in zip(wanted, found, strict=True))
