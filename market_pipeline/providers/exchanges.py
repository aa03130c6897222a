"""Shares of exchanges outside the US in our spelling: a suffix for the exchange, as Yahoo writes it (OCDO.L, 000120.KS).

Here belong the suffixes by market identifier code (ISO 10383) and their time zones, for vendors whose answers cover the
world: without them, a Frankfurt ticker would pass for a US one.  Codes of a vendor's own belong to its package.
Source: https://help.yahoo.com/kb/SLN2310.html and https://www.iso20022.org/market-identifier-codes.
"""

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from market_pipeline.datasets import SYMBOL_PATTERN
from market_pipeline.providers.dates import NEW_YORK
from market_pipeline.providers.normalise import canonical_symbol

US = ""
_US_MICS = (
    "XNAS XNGS XNMS XNCM XNYS XASE ARCX BATS BATY EDGA EDGX IEXG MEMX XCIS XBOS XPHL XCHI"
    " OTCM OTCQ OTCB PINX PINL PSGM EXPM CAVE XOTC OOTC"
)
SUFFIXES: Mapping[str, str] = {
    **dict.fromkeys(_US_MICS.split(), US),
    "XLON": ".L", "AIMX": ".L", "XDUB": ".IR",
    "XFRA": ".F", "XETR": ".DE", "XBER": ".BE", "XDUS": ".DU", "XMUN": ".MU", "XSTU": ".SG", "XHAM": ".HM", "XHAN": ".HA",
    "XPAR": ".PA", "XAMS": ".AS", "XBRU": ".BR", "XLIS": ".LS", "XMAD": ".MC", "XMIL": ".MI", "MTAA": ".MI", "XSWX": ".SW",
    "XWBO": ".VI", "XWAR": ".WA", "XATH": ".AT", "XBUD": ".BD", "XPRA": ".PR", "XIST": ".IS", "XTAE": ".TA", "XJSE": ".JO",
    "XSTO": ".ST", "XOSL": ".OL", "XCSE": ".CO", "XHEL": ".HE", "XICE": ".IC", "XTAL": ".TL", "XRIS": ".RG", "XLIT": ".VS",
    "XTSE": ".TO", "XTSX": ".V", "NEOE": ".NE", "XCNQ": ".CN", "XMEX": ".MX", "BVMF": ".SA", "XBUE": ".BA", "XSGO": ".SN",
    "XASX": ".AX", "XNZE": ".NZ", "XHKG": ".HK", "XSHG": ".SS", "XSHE": ".SZ", "XTKS": ".T", "XJPX": ".T", "XKRX": ".KS",
    "XKOS": ".KQ", "XTAI": ".TW", "ROCO": ".TWO", "XNSE": ".NS", "XBOM": ".BO", "XSES": ".SI", "XIDX": ".JK", "XKLS": ".KL",
    "XBKK": ".BK", "XSAU": ".SR",
}  # fmt: skip

_ZONES = {
    "Europe/London": ".L .IR",
    "Europe/Berlin": ".F .DE .BE .DU .MU .SG .HM .HA .PA .AS .BR .MC .MI .SW .VI .WA .BD .PR .ST .OL .CO",
    "Europe/Lisbon": ".LS",
    "Europe/Athens": ".AT .HE .TL .RG .VS",
    "Europe/Istanbul": ".IS",
    "Atlantic/Reykjavik": ".IC",
    "Asia/Jerusalem": ".TA",
    "Africa/Johannesburg": ".JO",
    "Asia/Riyadh": ".SR",
    "America/Toronto": ".TO .V .NE .CN",
    "America/Mexico_City": ".MX",
    "America/Sao_Paulo": ".SA",
    "America/Argentina/Buenos_Aires": ".BA",
    "America/Santiago": ".SN",
    "Australia/Sydney": ".AX",
    "Pacific/Auckland": ".NZ",
    "Asia/Hong_Kong": ".HK",
    "Asia/Shanghai": ".SS .SZ",
    "Asia/Tokyo": ".T",
    "Asia/Seoul": ".KS .KQ",
    "Asia/Taipei": ".TW .TWO",
    "Asia/Kolkata": ".NS .BO",
    "Asia/Singapore": ".SI .KL",
    "Asia/Jakarta": ".JK",
    "Asia/Bangkok": ".BK",
}
_ZONE_OF = {suffix: ZoneInfo(name) for name, suffixes in _ZONES.items() for suffix in suffixes.split()}


def exchange_zone(symbol: str) -> ZoneInfo:
    """The time zone of the exchange that a symbol of ours names; New York where it names none."""
    return _ZONE_OF.get("." + symbol.rpartition(".")[2], NEW_YORK)


def listed_symbol(ticker: str, suffix: str | None) -> str | None:
    """Our spelling of a ticker on an exchange with that suffix; None where it has none or the ticker is no share's.

    Share classes abroad take a dash, because the dot is the exchange's: BT.A in London is BT-A.L.
    """
    if suffix is None:
        return None
    symbol = canonical_symbol(ticker) if suffix == US else ticker.upper().replace(".", "-") + suffix
    return symbol if symbol is not None and re.fullmatch(SYMBOL_PATTERN, symbol) is not None else None
