"""The vocabulary of fields: types with their bounds, and what a field says about itself.

Here belongs what the records of several data types share.  Records and datasets themselves belong to `base` and to the file
of each data type.
"""

from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints

SYMBOL_PATTERN = r"^[A-Z0-9^][A-Z0-9.\-=^]{0,19}$"
"""Canonical spelling: upper case, share classes with a dot (BRK.B), indices with a caret (^GSPC)."""


def _known_currency(code: str) -> str:
    if code not in _CURRENCIES:
        raise ValueError(f"unknown currency {code!r} (an ISO 4217 code in major units is due: USD, EUR, GBP, …)")
    return code


def _plausible(day: date) -> date:
    if not date(1900, 1, 1) <= day <= date(2100, 1, 1):
        raise ValueError(f"implausible date {day} (1900 to 2100 is kept)")
    return day


def _plausible_time(moment: datetime) -> datetime:
    _plausible(moment.date())
    return moment


def _without_nul(text: object) -> object:
    """PostgreSQL stores no NUL, and one of them in a chunk would cost the whole chunk."""
    return text.replace("\0", "") if isinstance(text, str) else text


# ISO 4217, its funds and metals left out, and the coins that vendors quote like currencies
_CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF"
    " CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK"
    " HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA"
    " MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB"
    " RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU"
    " UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL BTC ETH USDT".split()
)

Symbol = Annotated[str, StringConstraints(pattern=SYMBOL_PATTERN)]
Text = Annotated[
    str,
    BeforeValidator(_without_nul),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
]
Number = Annotated[Decimal, Field(allow_inf_nan=False, gt=Decimal("-1e18"), lt=Decimal("1e18"))]
Price = Annotated[Decimal, Field(allow_inf_nan=False, gt=0, lt=Decimal("1e9"))]
NonNegative = Annotated[Decimal, Field(allow_inf_nan=False, ge=0, lt=Decimal("1e18"))]
Count = Annotated[int, Field(ge=0, lt=2**62)]
Positive = Annotated[float, Field(gt=0)]
Distance = Annotated[float, Field(ge=0)]
Return = Annotated[float, Field(gt=-1)]  # nothing loses more than all of it
Percentage = Annotated[float, Field(ge=0, le=100)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Day = Annotated[date, AfterValidator(_plausible)]
Moment = Annotated[AwareDatetime, AfterValidator(_plausible_time)]


def described(description: str, unit: str | None = None, default: Any = None) -> Any:
    """An optional field: its meaning and unit (shown as the column's comment), None where a vendor does not say."""
    return Field(default=default, description=description, json_schema_extra=_unit(unit))


def required(description: str, unit: str | None = None) -> Any:
    """A field without which a row is no answer: its meaning and unit."""
    return Field(description=description, json_schema_extra=_unit(unit))


def _unit(unit: str | None) -> dict[str, Any] | None:
    return None if unit is None else {"unit": unit}


def bounds_of(record: type[BaseModel]) -> dict[str, dict[str, float]]:
    """The figures of a record that are computed, with what each is bounded by: `ge`, `gt`, `le`, `lt`."""
    found = {}
    for name, info in record.model_fields.items():
        kind, around = _bare(info.annotation)
        if kind is float:
            found[name] = {
                word: getattr(bound, word)
                for bound in [*info.metadata, *(bound for one in around for bound in one.metadata)]
                for word in ("ge", "gt", "le", "lt")
                if hasattr(bound, word)
            }
    return found


def _bare(annotation: Any) -> tuple[Any, list[Any]]:
    """The type of a field that may be optional and bounded, and what is said around it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _bare(next(one for one in arguments if one is not NoneType))
    if origin is Annotated:
        kind, around = _bare(arguments[0])
        return kind, [*around, *arguments[1:]]
    return annotation, []


_COLUMN_TYPES = {
    Decimal: "numeric",
    int: "bigint",
    float: "double precision",
    str: "text",
    bool: "boolean",
    date: "date",
    datetime: "timestamp with time zone",
    AwareDatetime: "timestamp with time zone",
    tuple: "text[]",
}


def column_type(annotation: Any) -> str:
    """PostgreSQL's name for the type of a field, whatever is said around it (optional, bounds, literals)."""
    kind, _ = _bare(annotation)
    if get_origin(kind) is Literal:
        return column_type(type(get_args(kind)[0]))
    return _COLUMN_TYPES[get_origin(kind) or kind]
