"""Changes of the universe that somebody asks the monitor for, by JSON or by a form.

Each raises InvalidSymbol, and then nothing has changed.
"""

from collections.abc import Sequence

from fastapi import UploadFile

from market_pipeline.monitor.services import Services
from market_pipeline.storage.universe import InvalidSymbol, checked_symbol, parse_csv, track, track_names, untrack

LARGEST_CSV = 5_000_000  # bytes: some 50,000 symbols


def add_symbols(services: Services, names: Sequence[str]) -> list[str]:
    """Track symbols (again); their canonical names."""
    with services.database.connect(name="monitor symbols") as connection:
        return track_names(connection, names)


def import_symbols(services: Services, file: UploadFile) -> list[str]:
    """Track the symbols of a CSV with a column `symbol`; where one line is wrong none is taken."""
    if (file.size or 0) > LARGEST_CSV:
        raise InvalidSymbol(f"the file has more than {LARGEST_CSV:,} bytes")
    found = parse_csv(file.file.read(), "the file")
    with services.database.connect(name="monitor symbols") as connection:
        track(connection, found)
    return [one.symbol for one in found]


def remove_symbol(services: Services, name: str) -> str | None:
    """Stop fetching a symbol, whose data stays; None where it was not tracked."""
    symbol = checked_symbol(name)
    with services.database.connect(name="monitor symbols") as connection:
        return symbol if untrack(connection, [symbol]) else None
