"""What came of a play, as a table for a person: fault, injected, survived, seconds until it worked again, lost."""

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from market_pipeline_tests.chaos.accountant import Account
from market_pipeline_tests.chaos.director import Played

SHOWN = 20  # lines of each kind of finding


def show(console: Console, played: Sequence[Played], account: Account, seed: int, seconds: float) -> None:
    lost = Counter(loss.act for loss in account.losses)
    table = Table(title=f"faults played with seed {seed} in {seconds:.0f} s", box=SIMPLE_HEAD)
    table.add_column("fault", no_wrap=True)
    table.add_column("injected")
    table.add_column("survived")
    table.add_column("recovery, s", justify="right")
    table.add_column("lost", justify="right")
    for one in played:
        if one.skipped is not None:
            table.add_row(one.act.fault, f"no: {one.skipped}", "", "", "")
            continue
        recovery = "" if one.recovery_seconds is None else f"{one.recovery_seconds:.1f}"
        total = one.rows_lost + lost[one.act.fault]
        table.add_row(one.act.fault, "yes", _yes(one.recovery_seconds is not None), recovery, _none(total))
    console.print(table)
    console.print(
        f"{account.asked} things were asked for: {account.held} are there, {account.owed} failed and have a time to retry, "
        f"{len(account.losses)} are lost"
    )
    for title, found in (
        ("lost", ["\n      ".join([f"{loss.act or 'in all'}: {loss.what}", *loss.known]) for loss in account.losses]),
        ("left behind", account.left_behind),
        ("secrets", account.leaks),
    ):
        console.print(f"{title}: {'none' if not found else len(found)}")
        for line in found[:SHOWN]:
            console.print(f"  {line}", markup=False, soft_wrap=True)


def survived(played: Sequence[Played], account: Account) -> bool:
    """Whether every fault that could be played was survived, and nothing is lost, left behind or leaked."""
    recovered = all(one.skipped is not None or one.recovery_seconds is not None for one in played)
    return recovered and account.balanced and not any(one.rows_lost for one in played)


def _yes(good: bool) -> str:
    return "yes" if good else "[red]NO[/]"


def _none(count: int) -> str:
    return str(count) if count == 0 else f"[red]{count}[/]"
