"""Which symbols exist and what they are: the real large caps of universe.csv, and a plausible company for any other.

A listing is what an exchange's symbol directory says. What a company tells about itself is in companies.py.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, islice
from string import ascii_uppercase

from market_pipeline.simulator.dice import Dice

LISTED = 500  # as many as an index has; the market answers for any other symbol that it is asked about, too
UNKNOWN_SYMBOLS = frozenset({"NOSUCH", "UNKNOWN", "INVALID", "DELISTED"})
UNKNOWN_PREFIX = "ZZ"

_WELL_FORMED = re.compile(r"[A-Z][A-Z0-9]{0,9}(\.[A-Z]{1,2})?")

_FIRST_WORDS = (
    "Alder", "Anchor", "Aurora", "Beacon", "Bluestone", "Calder", "Cedar", "Cobalt", "Crescent", "Delta", "Eastgate",
    "Ember", "Fairway", "Falcon", "Granite", "Harbor", "Highland", "Ironwood", "Juniper", "Keystone", "Lakeshore",
    "Lumen", "Meridian", "Northwind", "Oakridge", "Orion", "Pinnacle", "Quarry", "Redwood", "Sable", "Silverline",
    "Summit", "Tidewater", "Union Hill", "Vantage", "Westbrook", "Windsor", "Yellowstone",
)  # fmt: skip
_LAST_WORDS = {
    "Technology": ("Systems", "Software", "Semiconductor", "Networks"),
    "Healthcare": ("Therapeutics", "Biosciences", "Medical", "Health"),
    "Financial Services": ("Financial", "Bancorp", "Capital", "Insurance Group"),
    "Consumer Cyclical": ("Retail", "Motors", "Leisure", "Apparel"),
    "Consumer Defensive": ("Foods", "Brands", "Beverage", "Household"),
    "Communication Services": ("Media", "Communications", "Entertainment", "Interactive"),
    "Industrials": ("Industries", "Aerospace", "Logistics", "Machinery"),
    "Energy": ("Energy", "Petroleum", "Resources", "Pipeline"),
    "Utilities": ("Power", "Electric", "Water", "Gas & Electric"),
    "Real Estate": ("Properties", "Realty Trust", "Residential", "Storage"),
    "Basic Materials": ("Materials", "Chemical", "Mining", "Steel"),
}
_SUFFIXES = ("Inc.", "Corporation", "Holdings, Inc.", "Group, Inc.")


class NoSuchSymbol(LookupError):
    """The market does not list this symbol (or did not yet, at the time asked about)."""

    def __init__(self, symbol: str, reason: str = "not a symbol of the synthetic market") -> None:
        super().__init__(f"{symbol!r}: {reason}")
        self.symbol = symbol


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of the symbol directory. cik: ten digits; indices: names such as "S&P 500", empty for most symbols."""

    symbol: str
    name: str
    asset_class: str
    exchange: str
    sector: str
    industry: str
    cik: str
    indices: tuple[str, ...]


@cache
def universe() -> dict[str, Listing]:
    """The real large caps by symbol, in the file's order: market_pipeline/data/universe.csv."""
    text = files("market_pipeline").joinpath("data", "universe.csv").read_text(encoding="utf-8")
    return {
        row["symbol"]: Listing(
            symbol=row["symbol"],
            name=row["name"],
            asset_class=row["asset_class"],
            exchange=row["exchange"],
            sector=row["sector"],
            industry=row["industry"],
            cik=row["cik"].zfill(10),
            indices=tuple(row["indices"].split(";")) if row["indices"] else (),
        )
        for row in csv.DictReader(text.splitlines())
    }


@cache
def listed_symbols() -> tuple[str, ...]:
    """What a market-wide answer is about: the real large caps, then made-up symbols, LISTED in all."""
    made_up = (f"{first}{second}Q" for first in ascii_uppercase[:25] for second in ascii_uppercase)  # none is a ZZ
    return tuple(islice(dict.fromkeys(chain(universe(), made_up)), LISTED))


@cache
def industries() -> dict[str, tuple[str, ...]]:
    """The industries of each sector, both in the order in which universe.csv first names them."""
    found: dict[str, dict[str, None]] = {}
    for listing in universe().values():
        found.setdefault(listing.sector, {})[listing.industry] = None
    return {sector: tuple(names) for sector, names in found.items()}


@cache
def indices() -> tuple[str, ...]:
    """The index names, in the order in which universe.csv first names them."""
    return tuple(dict.fromkeys(index for listing in universe().values() for index in listing.indices))


class Directory:
    """Looks symbols up: real ones in the universe, others made up from the seed."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._made_up = lru_cache(maxsize=8192)(self._make_up)

    def knows(self, symbol: str) -> bool:
        """Whether the symbol is well-formed and not one of those set aside as unknown."""
        if symbol in UNKNOWN_SYMBOLS or symbol.startswith(UNKNOWN_PREFIX):
            return False
        return _WELL_FORMED.fullmatch(symbol) is not None

    def listing(self, symbol: str) -> Listing:
        """The symbol's line of the directory. Raises NoSuchSymbol."""
        real = universe().get(symbol)
        if real is not None:
            return real
        if not self.knows(symbol):
            raise NoSuchSymbol(symbol)
        return self._made_up(symbol)

    def constituents(self, index: str) -> tuple[Listing, ...]:
        """The members of an index. Raises KeyError, naming the indices there are, for any other name."""
        if index not in indices():
            raise KeyError(f"no index named {index!r}; there are {', '.join(indices())}")
        return tuple(listing for listing in universe().values() if index in listing.indices)

    def _make_up(self, symbol: str) -> Listing:
        dice = self._dice
        sector = dice.pick(list(industries()), "sector", symbol)
        words = (
            dice.pick(_FIRST_WORDS, "first word", symbol),
            dice.pick(_LAST_WORDS[sector], "last word", symbol),
            dice.pick(_SUFFIXES, "suffix", symbol),
        )
        return Listing(
            symbol=symbol,
            name=" ".join(words),
            asset_class="stock",
            exchange=dice.pick(("NASDAQ", "NYSE"), "exchange", symbol),
            sector=sector,
            industry=dice.pick(industries()[sector], "industry", symbol),
            cik=f"{dice.integer(5_000_000, 9_999_999, 'cik', symbol):010d}",  # above the highest the SEC has issued
            indices=(),
        )
