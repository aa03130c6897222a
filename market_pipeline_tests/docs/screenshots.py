"""The pictures of docs/images: `make screenshots` takes them of a pipeline that it starts for itself, with simulated vendors.

A day of history is made up, because a pipeline that began a minute ago has none to show.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.storage.database import Database
from market_pipeline_tests.conftest import temporary_home
from market_pipeline_tests.e2e.conftest import HOME, User
from market_pipeline_tests.e2e.up import Up, started, until
from market_pipeline_tests.ports import free_port

FOLDER = PROJECT_ROOT / "docs" / "images"
LARGEST = 150_000  # bytes: people read the README on trains
LAPTOP, PHONE = (1280, 800), (390, 844)
MONITOR = {  # file: page, window, colours
    "overview": ("/", LAPTOP, "light"),
    "overview-dark": ("/", LAPTOP, "dark"),
    "freshness": ("/freshness", LAPTOP, "light"),
    "vendors": ("/vendors", LAPTOP, "light"),
    "phone": ("/", PHONE, "light"),
}
DAGSTER = {"dagster-runs": ("/runs", LAPTOP, "light")}


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no Chromium here: `apt-get install chromium`")
    FOLDER.mkdir(exist_ok=True)
    with temporary_home() as home:
        ports = {"SIMULATOR_PORT": str(free_port()), "MONITOR_PORT": str(free_port())}
        user = User(home, {**os.environ, HOME: str(home), **ports})
        print(user.run("market-pipeline", "demo").stdout)
        user.run("market-pipeline", "symbols", "add", "ZZTOP")  # which no vendor knows
        with started(user) as up:
            _lived(up, user.database)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for base, pictures in ((ports["MONITOR_PORT"], MONITOR), (str(up.port), DAGSTER)):
                    for name, (path, (width, height), colours) in pictures.items():
                        page = browser.new_page(
                            base_url=f"http://127.0.0.1:{base}",
                            viewport={"width": width, "height": height},
                            color_scheme=colours,  # type: ignore[arg-type]
                        )
                        _take(page, path, FOLDER / f"{name}.png")
                        page.close()
                browser.close()
            up.process.send_signal(signal.SIGINT)  # killed, it would leave Dagster and the simulator behind
            up.process.wait(90)


def _take(page: Page, path: str, file: Path) -> None:
    page.goto(path)
    page.wait_for_timeout(1_000 if "dagster" not in file.name else 8_000)  # Dagster's pages load what they show
    page.screenshot(path=file)
    size = file.stat().st_size
    print(f"{file.relative_to(PROJECT_ROOT)}: {size:,} bytes")
    assert size <= LARGEST, f"{file} is too large for a README"


def _lived(up: Up, database: Database) -> None:
    """A night's enrichment for real, and before it a day that is made up."""
    with database.connect() as connection:
        connection.execute(_CALLS)
        connection.execute(_EXECUTIONS)

    def enriched() -> bool:
        with database.connect() as connection:
            return connection.execute(_ENRICHED).fetchone() is not None

    up.launch("enrichment")
    until(enriched, 300)


_ENRICHED = """
    SELECT FROM scheduler_execution_log
    WHERE job = 'enrichment' AND run_id <> 'made up' AND status <> 'running'
"""
# Yahoo has two bad hours, Finnhub one; everybody else fails one call in a hundred.
_CALLS = """
    INSERT INTO fetch_attempts
        (attempted_at, run_id, data_type, provider, endpoint, symbols, outcome, response_time_ms, records)
    SELECT now() - n * interval '20 seconds', 'made up', (ARRAY['stock_quotes', 'news', 'options_chain'])[1 + n % 3],
        provider, 'Made up', ARRAY['AAPL'],
        CASE
            WHEN provider = 'yahoo' AND n BETWEEN 2000 AND 2360 AND n % 3 > 0 THEN 'unavailable'
            WHEN provider = 'finnhub' AND n BETWEEN 900 AND 1080 AND n % 4 = 0 THEN 'unavailable'
            WHEN n % 101 = 0 THEN 'unavailable' ELSE 'success'
        END,
        40 + (n * 37) % 160, 1
    FROM generate_series(100, 4140) AS n,
        unnest(ARRAY['cboe', 'finnhub', 'finviz', 'fmp', 'nasdaq', 'polygon', 'sec_edgar', 'yahoo']) AS provider
    WHERE n % length(provider) < 2
"""
_EXECUTIONS = """
    INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at, completed_at, updated_at,
        total_symbols, successful_symbols, failed_symbols, status)
    SELECT gen_random_uuid(), 'made up', data_type || '_job', data_type, at, at + interval '3 seconds', at, 63,
        CASE WHEN n % 11 = 3 THEN 61 ELSE 63 END, CASE WHEN n % 11 = 3 THEN 2 ELSE 0 END, 'completed'
    FROM generate_series(1, 22) AS n, data_types, LATERAL (SELECT now() - n * interval '53 minutes' AS at) AS moment
"""

if __name__ == "__main__":
    main()
