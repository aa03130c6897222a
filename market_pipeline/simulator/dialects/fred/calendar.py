"""FRED's calendar of releases, from the synthetic market's US indicators: as API and as the website's table."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from html import escape
from itertools import groupby

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.fred.wording import CENTRAL, asked_day, error, today
from market_pipeline.simulator.market import EconomicEvent

RELEASES: Mapping[str, tuple[int, str]] = {
    "US_NONFARM_PAYROLLS": (50, "Employment Situation"),
    "US_CPI_YOY": (10, "Consumer Price Index"),
    "US_PPI_MOM": (46, "Producer Price Index"),
    "US_RETAIL_SALES_MOM": (9, "Advance Monthly Sales for Retail and Food Services"),
    "US_INDUSTRIAL_OUTPUT_MOM": (13, "G.17 Industrial Production and Capacity Utilization"),
    "US_HOUSING_STARTS": (27, "New Residential Construction"),
    "US_MICHIGAN_SENTIMENT": (91, "Surveys of Consumers"),
    "US_PCE_PRICE_INDEX_YOY": (54, "Personal Income and Outlays"),
    "US_GDP_QOQ": (53, "Gross Domestic Product"),
    "US_INITIAL_JOBLESS_CLAIMS": (180, "Unemployment Insurance Weekly Claims Report"),
    "US_FED_FUNDS_RATE": (101, "FOMC Press Release"),
}
"""FRED's publication for each of the market's indicators that it carries, by the indicator's code."""
LAST_DAY = date(2045, 12, 31)  # of the market's calendar
_MOST = 1000  # to an answer
_CHECK = '<i class="fa fa-check fa-lg" style="float: right; color:#1d9d74"></i>'


def _events(call: Call, start: date, end: date) -> list[EconomicEvent]:
    """Releases of the days from start to end in Central time, oldest first."""
    a_day, end = timedelta(days=1), min(end, LAST_DAY)
    found = call.market.economic_events(start - a_day, end + a_day, as_of=call.now)
    return [event for event in found if event.code in RELEASES and start <= _day(event) <= end]


def _day(event: EconomicEvent) -> date:
    return event.released_at.astimezone(CENTRAL).date()


def release_dates(call: Call) -> Reply:
    try:
        start = asked_day(call, "realtime_start", today(call).replace(month=1, day=1))
        end = asked_day(call, "realtime_end", date(9999, 12, 31))
        offset, limit = int(call.params.get("offset", 0)), min(_MOST, int(call.params.get("limit", _MOST)))
    except ValueError as wrong:
        return error(f"Bad Request.  {wrong}")
    known = None if call.params.get("include_release_dates_with_no_data") == "true" else call.now
    found = [event for event in _events(call, start, end) if known is None or event.released_at <= known]
    if call.params.get("sort_order", "desc") == "desc":
        found.reverse()
    page = found[offset : offset + limit]
    return Reply(
        {
            "realtime_start": start.isoformat(),
            "realtime_end": end.isoformat(),
            "order_by": "release_date",
            "sort_order": call.params.get("sort_order", "desc"),
            "count": len(found),
            "offset": offset,
            "limit": limit,
            "release_dates": [
                {"release_id": RELEASES[one.code][0], "release_name": RELEASES[one.code][1], "date": str(_day(one))}
                for one in page
            ],
        }
    )


def calendar_page(call: Call) -> Reply:
    try:
        start, end = asked_day(call, "vs", today(call)), asked_day(call, "ve", today(call))
    except ValueError as wrong:
        return error(f"Bad Request.  {wrong}")
    found = _events(call, start, end)
    lines = [line for day, events in groupby(found, _day) for line in _lines(call, day, events)]
    table = f'<table class="table table-condensed table-standard-theme"><tbody>{"".join(lines)}</tbody></table>'
    return Reply({"pager": f"<div>{table}</div>", "ptic": len(found)}, content_type="text/html; charset=UTF-8")


def _lines(call: Call, day: date, events: Iterable[EconomicEvent]) -> list[str]:
    """A line for the day, then one for each release; a time is shown once."""
    lines = [f'<tr class="odd"><td colspan="2"><span>{day:%A %B %d, %Y}</span> <span>Updated</span></td></tr>']
    shown = ""
    for event in events:
        number, name = RELEASES[event.code]
        local = event.released_at.astimezone(CENTRAL)
        time = f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"
        link = f'<a href="/release?rid={number}">{escape(name)}</a>{_CHECK if event.actual is not None else ""}'
        lines.append(f"<tr><td nowrap>{'' if time == shown else time}</td><td>{link}</td></tr>")
        shown = time
    return lines
