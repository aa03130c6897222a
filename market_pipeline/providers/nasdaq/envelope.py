"""What every endpoint of Nasdaq shares: the envelope, the asset class, tables, New York's dates and times.

Here belongs what more than one of this vendor's endpoints needs; what an answer is about belongs to their modules.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.dates import NEW_YORK
from market_pipeline.providers.messages import Answer, Ask, Parsed, rows_of
from market_pipeline.providers.normalise import canonical_symbol

ETFS = frozenset(
    "AGG ARKK BND DIA EEM EFA GLD HYG IEF IJH IJR IVV IWM LQD QQQ SCHD SHY SLV SMH SOXX SPY SQQQ TLT TQQQ USO VEA VIG"
    " VNQ VOO VTI VWO XLB XLC XLE XLF XLI XLK XLP XLRE XLU XLV XLY".split()
)
"""The most traded ETFs: asked for as a stock, an ETF "not exists"."""


class NasdaqEndpoint(Endpoint):
    """What all have in common: the envelope, and the many spellings of a share class in addresses."""

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling.replace("%sl%", "/")) or spelling.upper()

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        data = answer.json()["data"]
        if data is None:  # "… No record found." under rCode 200; errors have been told by `classify`
            return Parsed([])
        return self.read_data(data, answer, ask)

    @abstractmethod
    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        """`parse`, given what is in the envelope."""


class SecurityEndpoint(NasdaqEndpoint):
    """An endpoint that wants to know what kind of security it is asked for."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"assetclass": "etf" if ask.symbol in ETFS else "stocks"}


def table_rows(table: Mapping[str, Any] | None, what: str) -> Iterable[Mapping[str, Any]]:
    """The rows of a table; none where the vendor writes null for the table or for its rows."""
    if table is None or table["rows"] is None:
        return []
    return rows_of(table["rows"], what)


def eastern(on: date, at: time) -> datetime:
    return datetime.combine(on, at, NEW_YORK).astimezone(UTC)
