"""Annual returns: what a share gained in each calendar year, with and without its dividends.  Pure.

Here belong the formulas.  Which bars and dividends there are belongs to `prices`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def annual_returns(bars: pd.DataFrame, dividends: pd.DataFrame | None, year_ends: Mapping[int, date]) -> pd.DataFrame:
    """Returns of each year that has bars, oldest first.

    bars: session (date) and close (currency per share), one a session in order of time, on one basis of shares; dividends:
    ex_date (date) and amount (the same currency per share, on the same basis), None where they are not known; year_ends: the
    exchange's last session of each year, from the year before the first bar on.  Columns:

    - year, first_session, last_session, sessions: the calendar year, and the bars it has;
    - base_session, base_close, last_close: a return is last_close over base_close, less 1.  The base is the last session of
      the year before; without a bar of it, the year's first bar;
    - is_partial: whether the return is of less than the whole year, because bars are missing at one of its ends or it is
      not over;
    - price_return: fraction; NaN where the base is the year's only bar;
    - dividends: currency per share with an ex-date after the base and up to the last session; NaN where not known;
    - total_return: fraction, each dividend put into the share again at the close of its ex-date (the usual definition: CRSP
      Data Descriptions Guide, "total return"); NaN where dividends are not known.
    """
    close, session = bars["close"].to_numpy(dtype=np.float64), bars["session"].to_numpy()
    paid = _paid(session, dividends)
    growth = np.concatenate([[1.0], (close[1:] + paid[1:]) / close[:-1]]).cumprod() if len(bars) else close
    rows = []
    for year in sorted({day.year for day in session}):
        within = [place for place, day in enumerate(session) if day.year == year]
        first, last = within[0], within[-1]
        whole = first > 0 and session[first - 1] == year_ends[year - 1]
        base = first - 1 if whole else first
        rows.append(
            {
                "year": year,
                "first_session": session[first],
                "last_session": session[last],
                "sessions": len(within),
                "base_session": session[base],
                "base_close": close[base],
                "last_close": close[last],
                "is_partial": not whole or session[last] != year_ends[year],
                "price_return": close[last] / close[base] - 1 if last > base else np.nan,
                "dividends": np.nan if dividends is None else paid[base + 1 : last + 1].sum(),
                "total_return": growth[last] / growth[base] - 1 if last > base else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _paid(session: NDArray[Any], dividends: pd.DataFrame | None) -> NDArray[np.float64]:
    """Dividends by bar: that of the ex-date, or the next one where it has none.  NaN for all where they are not known."""
    if dividends is None:
        return np.full(len(session), np.nan)
    paid = np.zeros(len(session) + 1)
    np.add.at(paid, np.searchsorted(session, dividends["ex_date"].to_numpy()), dividends["amount"].to_numpy())
    return paid[:-1]
