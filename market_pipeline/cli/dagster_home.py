"""The folder that Dagster is started in: there it finds dagster.yaml, workspace.yaml and `.env`, and writes `.dagster`.

A checkout is such a folder.  An installed package brings the two files along and makes MARKET_PIPELINE_HOME one.
"""

from contextlib import suppress
from pathlib import Path

from market_pipeline.settings import PROJECT_ROOT, Settings, SettingsError, in_checkout

PACKAGE = Path(__file__).resolve().parent.parent
FILES = ("dagster.yaml", "workspace.yaml")


def dagster_home(settings: Settings) -> Path:
    """The folder, ready to use.  Raises SettingsError where the home cannot be written."""
    if in_checkout():
        return PROJECT_ROOT
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            _offer(PACKAGE / name, settings.home / name)
    except OSError as error:
        raise SettingsError(f"MARKET_PIPELINE_HOME cannot be used: {error.filename}: {error.strerror}") from None
    return settings.home


def _offer(original: Path, place: Path) -> None:
    """A link, so that an upgrade reaches it; a file that the user has put there instead stays."""
    if place.is_symlink() and place.readlink() != original:
        place.unlink()
    if not place.exists():
        with suppress(FileExistsError):  # another command was faster
            place.symlink_to(original)
