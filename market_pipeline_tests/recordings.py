"""Recorded answers of vendors as tests see them: where they lie, what one holds, the answer and address it stands for.

A folder of recordings is `<provider>/<data type>/<name>.<json|csv|html|xml|txt>`, the body as it came, with
`<name>.meta.json` beside it (request, status, response_headers, recorded_on, and optionally `expect`).  They are third
parties' data: read in place, never copied.  What an answer ought to be read as belongs to `providers/conformance.py`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from market_pipeline.providers.messages import Answer

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "recordings"
META = ".meta.json"
BODIES = frozenset({".json", ".csv", ".html", ".xml", ".txt"})
ERRORS = "errors"  # the folder of a provider whose answers are refusals
UNDATED = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)  # a Friday after the close, for bodies whose day nobody noted


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded answer.  `recorded_at` is as exact as the notes about it are, and always aware."""

    provider: str
    data_type: str
    name: str
    url: str
    status: int
    body_file: Path
    recorded_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        return f"{self.provider}/{self.data_type}/{self.name}"

    @property
    def body(self) -> bytes:
        return self.body_file.read_bytes()

    def answer(self, body: bytes | None = None) -> Answer:
        """The answer as the HTTP client would have handed it on; `body` replaces the recorded one."""
        return Answer(
            url=self.url,
            status=self.status,
            body=self.body if body is None else body,
            received_at=self.recorded_at,
            headers=self.headers,
        )


def load(folder: Path) -> list[Recording]:
    """Every recording in `folder`, by id.  Raises ValueError naming the file that does not keep to the layout."""
    files = sorted(file for file in folder.glob("*/*/*") if file.is_file() and file.suffix in BODIES)
    metas = [file for file in files if file.name.endswith(META)]
    bodies = {file.with_suffix(""): file for file in files if not file.name.endswith(META)}
    found = []
    for meta in metas:
        name = meta.name.removesuffix(META)
        body = bodies.pop(meta.with_name(name), None)
        if body is None:
            raise ValueError(f"{meta}: the body {name}.<json|csv|html|xml|txt> is missing beside it")
        found.append(_recording(name, meta, body))
    if bodies:
        raise ValueError(f"{next(iter(bodies.values()))}: its {META} is missing beside it")
    return found


def _recording(name: str, meta_file: Path, body_file: Path) -> Recording:
    try:
        meta = json.loads(meta_file.read_text("utf-8"))
        return Recording(
            provider=meta_file.parts[-3],
            data_type=meta_file.parts[-2],
            name=name,
            url=address(meta["request"]["url"], meta["request"].get("params") or {}),
            status=int(meta["status"]),
            body_file=body_file,
            recorded_at=recorded_time(meta.get("recorded_on")),
            headers={key.lower(): str(value) for key, value in (meta.get("response_headers") or {}).items()},
            expect=meta.get("expect"),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{meta_file}: not the meta data of a recording: {type(error).__name__}: {error}") from error


def address(url: str, params: Mapping[str, Any]) -> str:
    """The whole address: `url` with those of `params` that its query does not hold yet."""
    written = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    missing = urlencode({name: value for name, value in params.items() if name not in written}, doseq=True)
    return f"{url}{'&' if '?' in url else '?'}{missing}" if missing else url


def recorded_time(noted: str | None) -> datetime:
    """The time in a note such as an HTTP date, ISO text, `2021-05`, `2024-06-27/2024-07-01` or `2022-12-11 (git)`.

    A mere day is taken as its noon, a month or a year as its beginning, and a note without either as UNDATED.
    """
    noted = noted or ""
    for read in (parsedate_to_datetime, _moment, _beginning):
        try:
            found = read(noted)
        except (ValueError, TypeError, IndexError):
            continue
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return UNDATED


def _moment(noted: str) -> datetime:
    if "T" not in noted:
        raise ValueError(f"{noted!r} has no time of day")
    return datetime.fromisoformat(noted)


def _beginning(noted: str) -> datetime:
    found = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", noted)
    if found is None:
        raise ValueError(f"{noted!r} names no day")
    return datetime(int(found[1]), int(found[2] or 1), int(found[3] or 1), 12, tzinfo=UTC)
