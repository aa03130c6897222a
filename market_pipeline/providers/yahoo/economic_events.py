"""Economic events: `/ws/screeners/v1/finance/calendar-events`, releases by day, of all countries in one answer."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.dates import NEW_YORK, day
from market_pipeline.providers.messages import Answer, Ask, Parsed, rows_of
from market_pipeline.providers.normalise import country, number, text
from market_pipeline.providers.yahoo.values import YahooEndpoint, when

_MOST_PER_DAY = 100  # what Yahoo gives of a day at most
_AHEAD = timedelta(days=7)


class EconomicEvents(YahooEndpoint):
    """The days that startDate to endDate touch in New York; figures are text without a unit, forecasts are not told."""

    data_type = "economic_events"
    path = "/ws/screeners/v1/finance/calendar-events"
    market_wide = True

    def params(self, ask: Ask) -> Mapping[str, str]:
        today = ask.today
        days = (today, today + _AHEAD) if ask.window is None else (ask.window.start, ask.window.end)
        start, end = (str(1000 * int(datetime.combine(one, time(12), NEW_YORK).timestamp())) for one in days)
        return {
            "modules": "economicEvents",
            "startDate": start,
            "endDate": end,
            "countPerDay": str(_MOST_PER_DAY),
            "economicEventsHighImportanceOnly": "false",
            "economicEventsRegionFilter": "",
        }

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if "economicEvents" in params.get("modules", "").split(",") else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()["finance"]["result"].get("economicEvents", [])  # left out where there are none
        return Parsed(
            [
                {
                    "symbol": MARKET_WIDE,
                    "event_date": day(group["timestampString"]),
                    "country": country(event.get("countryCode")),
                    "event": text(event["event"]),
                    "event_at": when(event.get("eventTime")),
                    "period": text(event.get("period")),
                    "actual": number(event.get("actual")),
                    "previous": number(event.get("prior")),
                }
                for group in rows_of(found, "economicEvents")
                for event in rows_of(group["records"], "records")
            ]
        )
