"""Charts as SVG: drawn here, so that a page needs no script and nothing from elsewhere.

Pure.  Colours are classes of the style sheet; what a chart shows is also told in words, in its title, for who cannot see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 360, 120
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 20  # around a line: room for the figures of its axes
TICK, GAP, TALL = 7, 3, 24  # of a row of ticks


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series, None where there is none; `label` says of when it is."""

    label: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Tick:
    """One of a row of equal things; `kind` is its class."""

    kind: str
    label: str


def line(
    points: Sequence[Point], title: str, *, unit: str = "", low: float | None = None, high: float | None = None
) -> Markup:
    """A line over equidistant points, with gaps where there is no value.  `low` and `high` fix the scale."""
    values = [point.value for point in points if point.value is not None]
    if not values:
        return Markup('<p class="quiet">no calls</p>')
    bottom = min(values) if low is None else low
    top = max(values) if high is None else high
    top = top if top > bottom else bottom + 1
    places = [
        None if point.value is None else (_across(index, len(points)), _up(point.value, bottom, top))
        for index, point in enumerate(points)
    ]
    radius = 3 if len(points) <= 48 else 2
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}">'
        f"<title>{escape(point.label)}: {point.value:,.6g}{escape(unit)}</title></circle>"
        for point, place in zip(points, places, strict=True)
        if place is not None and point.value is not None
        for x, y in [place]
    )
    strokes = _strokes(places)
    areas = "".join(f'<path class="area" d="{_area(stroke)}"/>' for stroke in strokes)
    lines = "".join(f'<path class="line" d="{_path(stroke)}"/>' for stroke in strokes)
    return _svg("chart", WIDTH, HEIGHT, title, _axes(points, bottom, top, unit) + areas + lines + marks)


def ticks(row: Sequence[Tick], title: str) -> Markup:
    """Equal bars side by side, the latest on the right: how something went time after time."""
    bars = "".join(
        f'<rect class="{escape(one.kind)}" x="{index * (TICK + GAP)}" width="{TICK}" height="{TALL}" rx="2">'
        f"<title>{escape(one.label)}</title></rect>"
        for index, one in enumerate(row)
    )
    return _svg("ticks", max(1, len(row) * (TICK + GAP) - GAP), TALL, title, bars)


def ring(share: float | None, title: str) -> Markup:
    """A share of a whole, from 0 to 1, as a ring with its percents in the middle."""
    told = "–" if share is None else f"{int(100 * share)} %"  # never 100 while something is missing
    around = 0.0 if share is None else 100 * share
    return _svg(
        "ring",
        42,
        42,
        title,
        '<circle class="track" cx="21" cy="21" r="15.9155"/>'  # a circumference of 100
        f'<circle class="part" cx="21" cy="21" r="15.9155" stroke-dasharray="{around:.2f} 100" transform="rotate(-90 21 21)"/>'
        f'<text x="21" y="23.5" text-anchor="middle">{told}</text>',
    )


def shares(parts: Sequence[tuple[str, int]], title: str) -> Markup:
    """One bar, divided by counts; the names of its parts are their classes."""
    total = sum(count for _, count in parts)
    pieces, at = [], 0.0
    for name, count in parts:
        width = 0 if total == 0 else 100 * count / total
        if count:
            pieces.append(
                f'<rect class="{escape(name)}" x="{at:.3f}" width="{width:.3f}" height="10">'
                f"<title>{count:,} {escape(name)}</title></rect>"
            )
        at += width
    return Markup(  # noqa: S704 - numbers, and names that are escaped
        f'<svg class="shares" viewBox="0 0 100 10" preserveAspectRatio="none" role="img">'
        f"<title>{escape(title)}</title>{''.join(pieces)}</svg>"
    )


def _across(index: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (index / (count - 1) if count > 1 else 0.5)


def _up(value: float, bottom: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(1.0, max(0.0, (value - bottom) / (top - bottom)))


def _axes(points: Sequence[Point], bottom: float, top: float, unit: str) -> str:
    """Three level lines with their values, and of when the first and the last point are."""
    levels = "".join(
        f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{_short(value)}{escape(unit)}</text>'
        for value in (bottom, (bottom + top) / 2, top)
        for y in [_up(value, bottom, top)]
    )
    first, last = escape(points[0].label), escape(points[-1].label)
    ends = f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{last}</text>'
    return levels + (f'<text x="{LEFT}" y="{HEIGHT - 4}">{first}</text>' if len(points) > 1 else "") + ends


def _short(value: float) -> str:
    return f"{value / 1000:.3g}k" if abs(value) >= 10_000 else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _strokes(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The points between gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append(place)
    return [stroke for stroke in found if stroke]


def _path(stroke: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in stroke)


def _area(stroke: Sequence[tuple[float, float]]) -> str:
    floor = HEIGHT - BOTTOM
    return f"{_path(stroke)}L{stroke[-1][0]:.1f} {floor}L{stroke[0][0]:.1f} {floor}Z"


def _svg(kind: str, width: float, height: float, title: str, content: str) -> Markup:
    return Markup(  # noqa: S704 - made of numbers and of text that is escaped
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>{content}</svg>'
    )
