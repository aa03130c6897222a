"""The lines in a run's log that say how far it is."""

from market_pipeline.assets.progress import Progress


def told(*moments: tuple[float, int], total: int) -> list[str]:
    """The lines of a fetch that had settled so many symbols at such seconds."""
    now, lines = 0.0, list[str]()
    progress = Progress(lines.append, clock=lambda: now)
    for now, settled in moments:  # noqa: B007 - the clock reads it
        progress.tell(settled, total)
    return lines


def test_a_line_every_ten_seconds_says_how_long_the_rest_takes_at_this_pace() -> None:
    assert told((5, 1), (10, 25), (19, 30), (20, 40), total=100) == [
        "25 of 100 symbols settled in 10 s, about 30 s to go",
        "40 of 100 symbols settled in 20 s, about 30 s to go",
    ]


def test_long_fetches_are_told_in_minutes_and_hours() -> None:
    assert told((600, 100), (1200, 110), total=1000) == [
        "100 of 1000 symbols settled in 10 min, about 90 min to go",
        "110 of 1000 symbols settled in 20 min, about 2.7 h to go",
    ]


def test_nothing_is_told_of_a_fetch_that_is_quick_or_has_settled_nothing() -> None:
    assert told((1, 50), (2, 100), total=100) == []
    assert told((15, 0), total=100) == []
