"""What is known by name about the recordings in the default folder: outcomes, bad rows, and what nobody serves.

Every entry was decided by reading the recorded body and its meta data, not by running an adapter.  A body that an
adapter has to read into records needs no entry.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

NO_DATA_TYPE_OF_OURS = {
    "analyst": "ratings and insider trades are no data type that is kept",
    "insights": "research notes are no data type that is kept",
    "reference": "lists of symbols, exchanges and holidays are no data type that is kept",
    "screener": "rankings are no data type that is kept",
    "search": "symbol search is no data type that is kept",
    "series_info": "descriptions of economic series are no data type that is kept",
    "series_observations": "economic series are no calendar of events",
}


def _outcomes(**by_outcome: str) -> dict[str, Mapping[str, Any]]:
    return {recording: {"outcome": outcome} for outcome, ids in by_outcome.items() for recording in ids.split()}


EXPECTED: Mapping[str, Mapping[str, Any]] = _outcomes(
    rate_limited="""
        alpha_vantage/errors/error_200_information_rate_limit_25_per_day
        alpha_vantage/errors/error_200_note_rate_limit_5_per_min
        finnhub/errors/error_429_api_limit_reached
        finviz/errors/error_200_too_many_requests_text
        fmp/errors/error_429_too_many_requests
        sec_edgar/errors/error_429_rate_threshold_exceeded_html
        tiingo/errors/error_200_symbol_limit_text
        twelve_data/errors/error_429_api_credits_minute
        yahoo/errors/error_429_edge_too_many_requests
        yahoo/errors/error_429_too_many_requests
    """,
    authentication="""
        eodhd/errors/error_401_unauthenticated_eod_2025
        fmp/errors/error_200_invalid_api_key_v3_2022
        nasdaq/errors/error_400_datalink_bad_key
        polygon/errors/error_401_unknown_api_key
        sec_edgar/errors/error_403_undeclared_automated_tool_html
        yahoo/errors/error_401_invalid_crumb
    """,
    not_entitled="""
        alpha_vantage/errors/error_200_information_premium_endpoint_2022b
        alpha_vantage/options_chain/realtime_options_premium_sample
        alpha_vantage/stock_quotes/realtime_bulk_quotes_premium_sample
        finnhub/errors/error_403_candle_no_access
        polygon/errors/error_403_not_authorized
        polygon/errors/error_403_plan_timeframe
        twelve_data/errors/error_403_plan_restricted
    """,
    unknown_symbol="""
        fred/errors/error_400_series_does_not_exist_json
        finnhub/stock_quotes/quote-unknown
        twelve_data/errors/error_400_symbol_not_found
        yahoo/options_chain/options_legacy_no_result
        yahoo/stock_quotes/quote-AAPL220121C00025000
    """,
    no_data="""
        yahoo/company_info/qs_assetProfile-EURUSD_X
        yahoo/dividends/chart-TSLA-no_dividends
        yahoo/errors/error_404_quoteSummary_no_module_data
        yahoo/fundamentals/fundamentalsTimeSeries-QQQ-financials-quarterly
        yahoo/fundamentals/qs_balanceSheetHistory-ADA-USD
        yahoo/fundamentals/qs_defaultKeyStatistics-BTC-USD
        yahoo/options_chain/options-AAPL-expire-2022-03-01
    """,
)

BAD_ROWS: Mapping[str, tuple[int, str]] = {
    "finnhub/economic_events/calendar-economic-2026": (1, "one Spanish release is listed at 11:00 and again at 12:00"),
}
"""Recordings whose bodies really hold rows that are no records: how many, and why."""

NOT_SERVED: Mapping[str, str] = {
    "alpha_vantage/company_info/etf_profile_*": "holdings of a fund: nothing in it names the fund or its listing",
    "alpha_vantage/historical_prices/time_series_monthly_*": "monthly bars are no timeframe that is kept",
    "cboe/stock_quotes/european_constituent_quotes_*": "a European index, under symbols that only Cboe Europe has",
    "eodhd/company_info/search_*": "symbol search is no data type that is kept",
    "eodhd/economic_events/*_rates_*": "an economic series is no calendar of events",
    "eodhd/historical_prices/intraday_*m_*": "minutes are no timeframe that is kept",
    "eodhd/news/sentiments_*": "a figure for each day, without an article",
    "finnhub/company_info/peers-*": "a list of similar companies is no profile",
    "finnhub/economic_events/calendar-ipo-*": "flotations are no data type that is kept",
    "finviz/earnings/home_*": "the front page names tickers that report soon, without a figure",
    "finviz/fundamentals/groups_*": "figures of whole sectors, not of companies",
    "finviz/news/news_by_source_*": "headlines of the whole market, without symbols",
    "fmp/*/v3_*": "the vendor refuses v3 to every account made after 2025-08-31",
    "fmp/economic_events/doc_economic_indicators": "an economic series is no calendar of events",
    "fmp/stock_quotes/stable_quote_short_*": "a price without the time of its trade; /quote has both",
    "fred/economic_events/release_series_*": "descriptions of economic series are no data type that is kept",
    "polygon/company_info/ticker_details_v1_*": "the vendor has taken v1 down",
    "polygon/dividends/*splits*": "splits are no data type that is kept",
    "polygon/fundamentals/mock_vX_financials": "the whole market page by page: the address names no ticker",
    "polygon/news/news_v1_*": "the vendor has taken v1 down",
    "polygon/options_chain/mock_v3_option_contracts_page": "contracts without a single price",
    "polygon/stock_quotes/mock_snapshot_all_tickers": "one ticker's address under all tickers' body, as no vendor sends",
    "tiingo/fundamentals/fundamentals_definitions": "a glossary",
    "tiingo/historical_prices/weekly_*": "weeks are no timeframe that is kept",
    "twelve_data/economic_events/ipo_calendar": "flotations are no data type that is kept",
    "twelve_data/historical_prices/batch_multi": "answers to other requests wrapped into one POST; requests here are GETs",
    "twelve_data/historical_prices/time_series_cross": "minutes of one currency in another, under no symbol",
}
"""Recordings of data types that are kept, whose address no endpoint asks for, and why none does.  Patterns of ids."""


matches = fnmatchcase


def not_served_because(recording: str) -> str | None:
    """Why no endpoint asks for a recording (its id); None where nobody has given a reason."""
    named = (reason for pattern, reason in NOT_SERVED.items() if matches(recording, pattern))
    return next(named, NO_DATA_TYPE_OF_OURS.get(recording.split("/")[1]))
