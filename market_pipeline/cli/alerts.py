"""`market-pipeline alerts`: what is wrong, and whether messages reach people."""

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_pipeline.cli.common import AsJson, print_json
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.alert_delivery import DeliveryFailed, recipients, send
from market_pipeline.tracking.alert_log import open_alerts

app = typer.Typer(help="Alerts: what is wrong, and a test message.", no_args_is_help=True)
console = Console()


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """List open alerts, the worst and oldest first. A sensor checks every minute while Dagster runs."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = open_alerts(connection)
    if as_json:
        print_json(found)
        return
    table = Table("severity", "alert", "message", "since (UTC)", "sent", box=SIMPLE_HEAD)
    for one in found:
        told = "no" if one.notified_at is None else f"{one.notified_at:%H:%M}"
        table.add_row(one.severity, one.name, escape(one.message), f"{one.first_seen_at:%Y-%m-%d %H:%M}", told)
    console.print(table if found else "nothing is wrong")


@app.command()
def test() -> None:
    """Send a test message to every entry of ALERT_URLS."""
    urls = load_settings().alert_urls
    if urls is None:
        raise typer.BadParameter("ALERT_URLS is not set: see .env.example for what it accepts")
    failed = False
    for recipient in recipients(urls.get_secret_value()):
        try:
            send(recipient, "market_pipeline alerts: a test", "Alerts will look like this.")
            console.print(f"{recipient.scheme}://… has the message", highlight=False)
        except DeliveryFailed as error:
            failed = True
            Console(stderr=True).print(str(error), markup=False, highlight=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)
