"""Values as vendors write them, turned into ours: texts, numbers, currencies, symbols.  Dates and times are `dates`.

Here belongs what more than one vendor needs.  Every function takes whatever JSON or CSV can hold, answers None for the
many spellings of "not there", and raises ValueError for a value that is there and makes no sense; never anything else.
"""

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from market_pipeline.providers.countries import COUNTRY_CODES

ABSENT = frozenset({"", "-", "--", "—", ".", "n/a", "na", "none", "null", "nan", "unknown", "not available"})
_SCALE = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "t": 1_000_000_000_000}
_DISPLAY = re.compile(
    r"^(?P<sign>[-+]?)[$€£¥]?(?P<digits>[\d,]*\.?\d+(?:e[-+]?\d+)?|\d[\d,]*\.)(?P<scale>[kmbt%]?)$", re.I
)
MINOR_UNITS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS"}
"""Currencies that vendors quote in hundredths, with the currency they are hundredths of."""
_SENSELESS = Decimal("1e30")
_LEAST = Decimal("1e-30")  # PostgreSQL's numeric ends at 16,383 decimals
_FIGURE = re.compile(r"^(?P<sign>[-+]?)(?P<dollar>\$?)(?P<digits>[\d,]*\.?\d+)\s?(?P<unit>%|[a-z]{0,6})$", re.I)


def text(value: Any) -> str | None:
    """A non-empty string without surrounding space and NUL, or None for the spellings of absence."""
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    stripped = str(value).replace("\x00", "").strip()  # PostgreSQL's text holds no NUL: one would fail a whole COPY
    return None if stripped.lower() in ABSENT else stripped


def sentence(written: str) -> str | None:
    """What a vendor says in plain text where a table is due; None for tables and pages (a table's header has no spaces)."""
    said = written.strip()
    is_said = " " in said.split("\n")[0] and not said.startswith(("<", "[", "{"))
    return said if is_said or said.isalpha() else None


def one_of(value: Any, *kept: str) -> str | None:
    """The lower-case text if it is one of `kept`, else None: for labels of which vendors have more than we keep."""
    label = (text(value) or "").lower()
    return label if label in kept else None


def number(value: Any) -> Decimal | None:
    """A finite decimal from a JSON number or a display string: "$1,234.56", "(0.12)", "1.2B", "3.4%" (as 3.4), "None".

    Raises ValueError for text that is no number and for figures beyond 10^30, which nothing in a market has; what is
    closer to zero than 10^-30 is zero.  Floats go through their shortest repr, so 0.1 is exactly 0.1.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value} is no number")  # noqa: TRY004 - one error type for every senseless value
    if isinstance(value, float):
        found = Decimal(repr(value)) if math.isfinite(value) else None
    elif isinstance(value, (int, Decimal)):
        exact = Decimal(value)
        found = exact if exact.is_finite() else None
    else:
        written = text(value)
        found = None if written is None else _display_number(re.sub(r"[\s\u00a0]", "", written).replace("−", "-"))
    if found is None:
        return None
    size = abs(found)
    if size >= _SENSELESS:
        raise ValueError("a figure beyond 10^30 is no figure")
    return found if size >= _LEAST else Decimal(0)


def _display_number(written: str) -> Decimal:
    negative = written.startswith("(") and written.endswith(")")
    match = _DISPLAY.match(written[1:-1] if negative else written)
    if match is None or len(written) > 40:  # the longest honest figure has about 25 characters
        raise ValueError(f"{written[:40]!r} is no number")
    try:
        plain = Decimal(match["sign"] + match["digits"].replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"{written[:40]!r} is no number") from error
    scaled = plain * _SCALE.get(match["scale"].lower(), 1)
    return -scaled if negative else scaled


def integer(value: Any) -> int | None:
    """A whole number; a fraction is cut (vendors send volumes as 1234.0).  ValueError beyond 64 bits."""
    found = number(value)
    if found is None:
        return None
    if abs(found) >= 2**63:
        raise ValueError("a count beyond 64 bits is no count")
    return int(found)


def price(value: Any) -> Decimal | None:
    """A number, or None for the 0 that vendors write for a price where nothing was traded."""
    found = number(value)
    return None if found == 0 else found


def fraction(percent: Any) -> Decimal | None:
    """Percent to fraction: 1.5 or "1.5%" is 0.015."""
    found = number(percent)
    return None if found is None else found / 100


def figures(*written: Any) -> tuple[list[Decimal | None], str | None]:
    """Figures of one series with the unit they share: "1702K", "NA", "1.65M" are [1702, None, 1650] and "K".

    None for what is no single figure: calendars also print ranges and remarks.
    """
    found = [_FIGURE.match(text(one) or "") for one in written]
    units = [one["dollar"] + one["unit"] for one in found if one is not None]
    if not units:
        return [None] * len(found), None
    shared = _SCALE.get(units[0].lstrip("$").lower(), 1)
    values = [None if one is None else _scaled(one) / shared for one in found]
    return values, units[0].replace("$", "USD ").strip() or None


def _scaled(figure: re.Match[str]) -> Decimal:
    plain = Decimal(figure["sign"] + figure["digits"].replace(",", ""))
    return plain * _SCALE.get(figure["unit"].lower(), 1)


def major_unit(currency: Any) -> tuple[str | None, Decimal]:
    """The ISO currency and what prices have to be multiplied with: GBp is (GBP, 0.01), USD is (USD, 1)."""
    code = text(currency)
    if code in MINOR_UNITS:
        return MINOR_UNITS[code], Decimal("0.01")
    return (None if code is None else code.upper()), Decimal(1)


def scaled(figure: Decimal | None, unit: Decimal) -> Decimal | None:
    """The figure in major units; `unit` is the second of `major_unit`."""
    return None if figure is None else figure * unit


def canonical_symbol(spelling: Any) -> str | None:
    """Ours from the usual spellings of US share classes: BRK-B and BRK/B are BRK.B; the rest only upper case."""
    written = text(spelling)
    if written is None:
        return None
    return re.sub(r"^([A-Z]{1,5})[-/]([A-Z])$", r"\1.\2", written.upper())


def dashed_symbol(symbol: str) -> str:
    """BRK.B as BRK-B, as Yahoo, Finviz, FMP, Tiingo and the SEC spell it; suffixes of other exchanges stay (OCDO.L).

    A single letter behind the dot is a US share class only for the letters in use; .L, .F, .V and .T are exchanges.
    """
    return re.sub(r"^([A-Z]{1,5})\.([ABC])$", r"\1-\2", symbol)


def cik(value: Any) -> str | None:
    """The SEC's number of a filer with its leading zeros, which most vendors leave out: 320193 is 0000320193."""
    written = text(value)
    return None if written is None else written.zfill(10)


def country(value: Any) -> str | None:
    """The ISO 3166 code of a country, from the codes and names in event calendars; EU is the euro area."""
    written = value.strip().upper() if isinstance(value, str) else ""  # not `text`: NA is Namibia
    return COUNTRY_CODES.get(written, written) or None


_SECTORS = {
    "Communication": "Communication Services",
    "Consumer Discretionary": "Consumer Cyclical",
    "Consumer Staples": "Consumer Defensive",
    "Financial": "Financial Services",
    "Financials": "Financial Services",
    "Health Care": "Healthcare",
    "Information Technology": "Technology",
    "Materials": "Basic Materials",
    "Telecommunications": "Communication Services",
}


def sector(value: Any) -> str | None:
    """One of the eleven sectors of Morningstar, which most vendors have, for those of GICS and for short forms."""
    written = text(value)
    return _SECTORS.get(written, written) if written is not None else None
