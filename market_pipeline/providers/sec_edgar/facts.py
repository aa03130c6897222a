"""A filer's statements, put together from the facts of all its reports.

A fact is one figure for one period in one report: last year's figures come again in this year's report.  Of several
the latest filed counts (a restatement), dated by the first report that said the same.  `fy` and `fp` label the report
and not the fact, so they are taken for the last period of a report only.

Quarters are as filed: no 10-Q covers the fourth one, and cash flows are reported from the beginning of the year, so
that only the first quarter's stands alone.  Nothing is computed from differences.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from market_pipeline.providers.dates import day
from market_pipeline.providers.errors import NoData
from market_pipeline.providers.messages import Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import integer, number, text
from market_pipeline.providers.sec_edgar.concepts import STATEMENTS
from market_pipeline.providers.sec_edgar.filers import FilerEndpoint

REPORTS = frozenset({"10-K", "10-KT", "10-Q", "10-QT", "20-F", "40-F"})
"""Annual and quarterly reports; proxy statements and others repeat figures with slips in scale and labels."""
QUARTER_DAYS = range(80, 121)  # 12 weeks (PepsiCo) to 16 (Kroger's first quarter); most have 13
YEAR_DAYS = range(350, 381)  # 52 or 53 weeks

Period = tuple[str, date]  # quarter or year, and its last day
Label = tuple[int | None, str | None]  # fiscal year and period


class Fact(NamedTuple):
    """One figure of one report."""

    covers: str
    """quarter, year, or day for a balance."""
    end: date
    value: Decimal
    filed: date
    report: str
    label: Label


class CompanyFacts(FilerEndpoint):
    """All facts under standard concepts since 2009, about 4 MB for a large company."""

    data_type = "fundamentals"
    path = "/api/xbrl/companyfacts/{symbol}.json"

    def read_file(self, found: Mapping[str, Any], ask: Ask) -> Parsed:
        concepts = found["facts"].get("us-gaap")
        if concepts is None:  # a fund, or a foreign filer by IFRS
            raise NoData(f"{ask.symbol} reports no figures under US-GAAP")
        currency = _currency(concepts)
        shared = {"symbol": ask.symbol, "currency": currency}
        facts = {name: list(_facts(concepts[name], currency)) for name in _named() if name in concepts}
        labels = _labels(facts)
        rows = [
            {**shared, "statement": statement, **_described(period, labels), **figures}
            for statement, columns in STATEMENTS.items()
            for period, figures in _columns(columns, facts, labels).items()
        ]
        return Parsed(rows)


def _named() -> Iterator[str]:
    """Every concept that is a column of ours."""
    return (name for columns in STATEMENTS.values() for names in columns.values() for name in names)


def _currency(concepts: Mapping[str, Any]) -> str | None:
    """What most figures are in; some foreign filers repeat the last year in dollars for convenience."""
    times: Counter[str] = Counter()
    for name in _named():
        times.update({unit: len(facts) for unit, facts in concepts.get(name, {"units": {}})["units"].items()})
    currencies = [unit for unit in times if len(unit) == 3]  # other units are shares, USD/shares, pure
    return max(currencies, key=times.__getitem__, default=None)


def _facts(concept: Mapping[str, Any], currency: str | None) -> Iterator[Fact]:
    """The facts of annual and quarterly reports about a quarter, a year or a day."""
    for unit in (currency, f"{currency}/shares", "shares"):
        for found in rows_of(concept["units"].get(unit, []), "facts"):
            form = found["form"].removesuffix("/A")
            value, start, end = number(found["val"]), day(found.get("start")), day(found["end"])
            filed = day(found["filed"])
            if form not in REPORTS or value is None or end is None or filed is None:
                continue
            covers = _covered(start, end, form)
            if covers is not None:
                label = integer(found.get("fy")), text(found.get("fp"))
                yield Fact(covers, end, value, filed, found["accn"], label)


def _covered(start: date | None, end: date, form: str) -> str | None:
    """quarter, year or day; None for half a year, nine months, and the twelve months that utilities tell in a 10-Q."""
    if start is None:
        return "day"
    days = (end - start).days + 1
    if days in YEAR_DAYS:
        return None if form in ("10-Q", "10-QT") else "year"
    return "quarter" if days in QUARTER_DAYS else None


def _labels(facts: Mapping[str, list[Fact]]) -> dict[Period, Label]:
    """Every quarter and year that is reported on, with the labels of the first report that ends with it."""
    flows = [fact for found in facts.values() for fact in found if fact.covers != "day"]
    last: dict[str, date] = {}
    for fact in flows:
        last[fact.report] = max(fact.end, last.get(fact.report, fact.end))
    own: dict[date, Label] = {}
    for fact in sorted(flows, key=lambda fact: fact.filed):
        if fact.end == last[fact.report]:
            own.setdefault(fact.end, fact.label)
    years = {fact.end for fact in flows if fact.covers == "year"}
    periods = [("year", end) for end in years]
    periods += [("quarter", end) for end in {fact.end for fact in flows}]  # a year's end is its last quarter's too
    return {(kind, end): own.get(end, (None, None)) for kind, end in periods}


def _columns(
    columns: Mapping[str, tuple[str, ...]], facts: Mapping[str, list[Fact]], labels: Mapping[Period, Label]
) -> dict[Period, Row]:
    """The figures of one statement by period, with the day on which the last of them was filed."""
    rows: defaultdict[Period, Row] = defaultdict(dict)
    for column, names in columns.items():
        for period, (value, filed) in _latest([facts.get(name, []) for name in names], labels).items():
            row = rows[period]
            row |= {column: value, "filed_on": max(filed, row.get("filed_on", filed))}
    for row in rows.values():
        if "operating_cash_flow" in row and "capital_expenditure" in row:
            row["free_cash_flow"] = row["operating_cash_flow"] - row["capital_expenditure"]
    return rows


def _latest(alternatives: Iterable[list[Fact]], labels: Mapping[Period, Label]) -> dict[Period, tuple[Decimal, date]]:
    """A column's value in each period, by its first concept and the last report, and when that was said first."""
    told: defaultdict[Period, list[tuple[int, Fact]]] = defaultdict(list)
    for rank, facts in enumerate(alternatives):
        for fact in facts:
            for period in _periods(fact, labels):
                told[period].append((rank, fact))
    latest = {}
    for period, found in told.items():
        _, newest = max(found, key=lambda one: (-one[0], one[1].filed))
        latest[period] = newest.value, min(fact.filed for _, fact in found if fact.value == newest.value)
    return latest


def _periods(fact: Fact, labels: Mapping[Period, Label]) -> list[Period]:
    """The period a fact is about; for a balance the quarter and the year that end with it."""
    kinds = ("quarter", "year") if fact.covers == "day" else (fact.covers,)
    return [(kind, fact.end) for kind in kinds if (kind, fact.end) in labels]


def _described(period: Period, labels: Mapping[Period, Label]) -> Row:
    period_type, end = period
    fiscal_year, reported_in = labels[period]
    quarter = {"Q1": "Q1", "Q2": "Q2", "Q3": "Q3", "FY": "Q4"}.get(reported_in or "")
    return {
        "period_type": period_type,
        "period_end": end,
        "fiscal_year": fiscal_year,
        "fiscal_period": "FY" if period_type == "year" else quarter,
    }
