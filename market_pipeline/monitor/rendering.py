"""Templates: how they are found, and how figures and times are written in them.

Text is escaped by the templates themselves; what a vendor has sent is never part of a page in any other way.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from market_pipeline.monitor.charts import shares
from market_pipeline.monitor.services import Services
from market_pipeline.tracking.gates import STATE_WORDS
from market_pipeline.tracking.history import PastExecution
from market_pipeline.tracking.staleness import StalenessSummary

HERE = Path(__file__).resolve().parent
PAGES = (
    ("Overview", "/"),
    ("Freshness", "/freshness"),
    ("Vendors", "/vendors"),
    ("Failures", "/failures"),
    ("Executions", "/executions"),
    ("Symbols", "/symbols"),
    ("Quality", "/quality"),
)
SAID = {
    "reset": "The vendor was reset and may be called again.",
    "retried": "The retry is scheduled: the sensor starts it within a minute.",
    "added": "Tracked. Data of new symbols is fetched within a few minutes.",
    "removed": "The symbol is no longer fetched. Its data stays.",
    "wrong_token": "The token is wrong.",
    "bad_symbol": "Nothing was changed: one of these is no symbol (1 to 20 letters, digits and . - = ^).",
    "bad_file": "Nothing was imported: the file is no CSV with a column symbol, or one of its lines is wrong.",
}
"""What a page says after a form was sent.  By key, so that no link can put words into our mouth."""

templates = Jinja2Templates(HERE / "templates")


def page(
    request: Request, services: Services, template: str, title: str, *, live: bool = True, **content: Any
) -> HTMLResponse:
    """The page from `template`."""
    context = {
        "title": title,
        "pages": PAGES,
        "here": request.url.path,
        "dagster": services.settings.dagster_url.rstrip("/"),
        "now": services.clock(),
        "live": live,
        "said": SAID.get(request.query_params.get("said", "")),
        **content,
    }
    return templates.TemplateResponse(request, f"{template}.html", context)


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%H:%M:%S} UTC"


@pass_context
def _ago(context: Context, moment: datetime | None) -> Markup:
    """How long before or after the page's moment, with the time itself for who points at it."""
    if moment is None:
        return Markup("")
    told = _distance((context["now"] - moment).total_seconds()) or f"{moment.astimezone(UTC):%Y-%m-%d}"
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{}</time>').format(
        moment.isoformat(), moment.astimezone(UTC), told
    )


def _distance(seconds: float) -> str | None:
    """In words; None for what is more than two days away."""
    away = abs(seconds)
    for unit, length, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 2 * 86400)):
        if away < most:
            told = f"{away // length:.0f} {unit}"
            return f"{told} ago" if seconds >= 0 else f"in {told}"
    return None


def _took(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _commands(text: str) -> Markup:
    """A sentence in which what stands between backticks is to be typed."""
    parts = str(escape(text)).split("`")
    return Markup("".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)))  # noqa: S704


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return "" if value is None else "100 %" if value == 100 else f"{value:.1f} %"


def _share(counts: StalenessSummary) -> Markup:
    parts = [
        ("fresh", counts["fresh_count"]),
        ("aging", counts["aging_count"]),
        ("stale", counts["stale_count"]),
        ("missing", counts["missing_count"]),
    ]
    return shares(parts, ", ".join(f"{count:,} {name}" for name, count in parts if count))


def _progress(one: PastExecution) -> Markup:
    parts = [("done", one.successful_symbols), ("failed", one.failed_symbols)]
    open_ones = max(0, one.total_symbols - one.successful_symbols - one.failed_symbols)
    return shares([*parts, ("open", open_ones)], f"{one.successful_symbols} of {one.total_symbols} done")


def _hues(parts: list[tuple[str, int]]) -> Markup:
    """Vendors side by side, each in a colour of its own."""
    told = ", ".join(f"{name} {count:,}" for name, count in parts)
    return shares([(f"hue{min(index, 6)}", count) for index, (_, count) in enumerate(parts)], told)


templates.env.filters.update(
    ago=_ago,
    clock=_clock,
    gate=STATE_WORDS.__getitem__,
    commands=_commands,
    count=_count,
    hues=_hues,
    number=_number,
    percent=_percent,
    progress=_progress,
    share=_share,
    took=_took,
    words=_words,
)
