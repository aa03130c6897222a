"""Charts as SVG: drawn here, so that a page needs no script and nothing from elsewhere.

Pure.  Colours are classes of the style sheet; what a chart shows is also told in words, in its title, for who cannot see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 280, 64
PADDING = 4


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series, None where there is none; `label` says of when it is."""

    label: str
    value: float | None


def line(
    points: Sequence[Point], title: str, *, unit: str = "", low: float | None = None, high: float | None = None
) -> Markup:
    """A line over equidistant points, with gaps where there is no value.  `low` and `high` fix the scale."""
    values = [point.value for point in points if point.value is not None]
    if not values:
        return Markup('<p class="quiet">no calls</p>')
    bottom = min(values) if low is None else low
    top = max(values) if high is None else high
    places = [
        None if point.value is None else (_across(index, len(points)), _up(point.value, bottom, top))
        for index, point in enumerate(points)
    ]
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5">'
        f"<title>{escape(point.label)}: {point.value:,.6g}{escape(unit)}</title></circle>"
        for point, place in zip(points, places, strict=True)
        if place is not None and point.value is not None
        for x, y in [place]
    )
    return _svg(title, f'<path class="line" d="{_path(places)}"/>{marks}')


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
    return PADDING + (WIDTH - 2 * PADDING) * (index / (count - 1) if count > 1 else 0.5)


def _up(value: float, bottom: float, top: float) -> float:
    share = 0.5 if top == bottom else (value - bottom) / (top - bottom)
    return HEIGHT - PADDING - (HEIGHT - 2 * PADDING) * min(1.0, max(0.0, share))


def _path(places: Sequence[tuple[float, float] | None]) -> str:
    steps, pen_down = [], False
    for place in places:
        if place is not None:
            steps.append(f"{'L' if pen_down else 'M'}{place[0]:.1f} {place[1]:.1f}")
        pen_down = place is not None
    return " ".join(steps)


def _svg(title: str, content: str) -> Markup:
    return Markup(  # noqa: S704 - made of numbers and of text that is escaped
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(title)}</title>{content}</svg>'
    )
