"""Who files with the SEC: which CIK a ticker has, and what a filer says of itself.

Files are by CIK.  The CIKs of the default universe are known (data/universe.csv); any other ticker is first looked up
in the SEC's directory of all tickers, one more request of about 1 MB.  CIK0000320193 is taken for a symbol too: most
filers, trusts and subsidiaries among them, have no ticker.
"""

import csv
import re
from abc import abstractmethod
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request
from market_pipeline.providers.normalise import canonical_symbol, text

DIRECTORY = Request(path="/files/company_tickers.json", host="www")
_CIK = re.compile(r"CIK\d{10}")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@cache
def known_filers() -> Mapping[str, str]:
    """Canonical symbols of the default universe and their CIKs, spelled as in the SEC's addresses."""
    table = files("market_pipeline").joinpath("data", "universe.csv").read_text(encoding="utf-8")
    return {row["symbol"]: f"CIK{row['cik']:0>10}" for row in csv.DictReader(table.splitlines()) if row["cik"]}


class FilerEndpoint(Endpoint):
    """An endpoint for one filer's file; `{symbol}` in its path is the CIK."""

    def spell(self, symbol: str) -> str:
        """The CIK where it is known, else the symbol: the directory has to be asked then."""
        return known_filers().get(symbol, symbol)

    def unspell(self, spelling: str) -> str:
        return next((symbol for symbol, cik in known_filers().items() if cik == spelling), spelling)

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        return super().requests(ask) if _CIK.fullmatch(self.spell(ask.symbol)) else (DIRECTORY,)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        if DIRECTORY.path not in answer.url:
            return self.read_file(found, ask)
        cik = next((one["cik_str"] for one in found.values() if canonical_symbol(one["ticker"]) == ask.symbol), None)
        if cik is None:
            raise UnknownSymbol(f"the SEC knows no filer with the ticker {ask.symbol}")
        return Parsed([], more=(Request(path=self.path.replace("{symbol}", f"CIK{int(cik):010d}")),))

    @abstractmethod
    def read_file(self, found: Mapping[str, Any], ask: Ask) -> Parsed:
        """What a filer's file says."""


class Submissions(FilerEndpoint):
    """A filer's description; the list of its filings, which is in the same file, is not read."""

    data_type = "company_info"
    path = "/submissions/{symbol}.json"

    def read_file(self, found: Mapping[str, Any], ask: Ask) -> Parsed:
        venues = dict(zip(map(canonical_symbol, found["tickers"]), found["exchanges"], strict=False))
        business = (found.get("addresses") or {}).get("business") or {}
        row = {
            "symbol": ask.symbol,
            "name": text(found["name"]),
            "exchange": text(venues.get(ask.symbol)),
            "industry": text(found.get("sicDescription")),
            "country": _country(business),
            "website": text(found.get("website")),
            "description": text(found.get("description")),
            "address": _address(business),
            "phone": text(found.get("phone")),
            "fiscal_year_end": _month(found.get("fiscalYearEnd")),
            "cik": f"{int(found['cik']):010d}",
        }
        return Parsed([row])


def _country(business: Mapping[str, Any]) -> str | None:
    """EDGAR's codes of US states are two letters; those of countries have a digit and are spelled out beside."""
    code = text(business.get("stateOrCountry"))
    if code is None:
        return None
    return "US" if re.fullmatch("[A-Z]{2}", code) else text(business.get("stateOrCountryDescription"))


def _address(business: Mapping[str, Any]) -> str | None:
    state = " ".join(filter(None, (text(business.get(name)) for name in ("stateOrCountry", "zipCode"))))
    parts = (text(business.get("street1")), text(business.get("street2")), text(business.get("city")), state)
    return ", ".join(filter(None, parts)) or None


def _month(written: Any) -> str | None:
    """September from 0926, the month and day on which a fiscal year ends."""
    found = re.fullmatch(r"(0[1-9]|1[0-2])\d\d", text(written) or "")
    return None if found is None else _MONTHS[int(found[1]) - 1]
