"""Quotes and bars in Tiingo's dialect.  What only IEX's own customers are told is null."""

from datetime import date
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.tiingo.wording import Table, asked, canonical, days, midnight, spelled, table
from market_pipeline.simulator.market import Adjustment, Bar

ADJUSTMENTS: tuple[Adjustment, Adjustment] = ("raw", "split_dividend")
A_WEEK = 7  # days; always holds a session that is over
IEX_SHARE = 50  # IEX trades a fiftieth of the market's volume


def quotes(call: Call) -> Reply:
    return table(call, [_quote(call, symbol) for symbol in asked(call)])


def quote(call: Call) -> Reply:
    """A list of one, or of none for an unknown ticker."""
    symbol = canonical(call.values["ticker"])
    return table(call, [_quote(call, symbol)] if call.market.knows(symbol) else [])


def _quote(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.quote(symbol, call.now)
    of_iex_only = dict.fromkeys(
        ("lastSaleTimestamp", "quoteTimestamp", "last", "lastSize", "mid", "bidSize", "bidPrice", "askPrice", "askSize")
    )
    return {
        "ticker": spelled(symbol).upper(),
        "timestamp": found.as_of.astimezone(NEW_YORK).isoformat(),
        **of_iex_only,
        "tngoLast": found.price,
        "prevClose": found.previous_close,
        "open": found.open,
        "high": found.high,
        "low": found.low,
        "volume": found.volume // IEX_SHARE if found.market_state == "REGULAR" else found.volume,
    }


def daily_prices(call: Call, symbol: str) -> Table:
    """Sessions that are over, oldest first; the last one where no range is asked for."""
    is_ranged = "startDate" in call.params
    range_ = days(call, A_WEEK)
    raw, adjusted = (
        [bar for bar in call.market.bars(symbol, *range_, as_of=call.now, adjustment=adjustment) if bar.complete]
        for adjustment in ADJUSTMENTS
    )
    paid = {one.ex_date: one.amount for one in call.market.dividends(symbol, *range_, as_of=call.now)}
    split = {one.ex_date: one.ratio for one in call.market.splits(symbol, *range_, as_of=call.now)}
    rows = [_daily_price(call, *bars, paid, split) for bars in zip(raw, adjusted, strict=True)]
    return rows if is_ranged else rows[-1:]


def _daily_price(
    call: Call, bar: Bar, adjusted: Bar, paid: dict[date, Decimal], split: dict[date, Decimal]
) -> dict[str, Any]:
    factor = call.market.split_factor(bar.symbol, bar.session, as_of=call.now)
    return {
        "date": midnight(bar.session),
        "close": bar.close,
        "high": bar.high,
        "low": bar.low,
        "open": bar.open,
        "volume": bar.volume,
        "adjClose": adjusted.close,
        "adjHigh": adjusted.high,
        "adjLow": adjusted.low,
        "adjOpen": adjusted.open,
        "adjVolume": int(bar.volume * factor),
        "divCash": paid.get(bar.session, Decimal(0)),
        "splitFactor": split.get(bar.session, Decimal(1)),
    }


def intraday_prices(call: Call, symbol: str) -> Table:
    """Hours only, whatever `resampleFreq` says; without a range those of today."""
    return [
        {
            "date": f"{bar.start:%Y-%m-%dT%H:%M:%S}.000Z",
            "open": bar.open,
            "high": bar.high,
            "low": bar.low,
            "close": bar.close,
        }
        for bar in call.market.bars(symbol, *days(call, 0), "1h", as_of=call.now)
    ]
