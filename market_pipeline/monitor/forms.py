"""What the pages' forms do: each does it, and leads back to its page with a word about it."""

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from market_pipeline.monitor.access import COOKIE, controller
from market_pipeline.monitor.rendering import page
from market_pipeline.monitor.services import KnownVendor, Served
from market_pipeline.monitor.universe import add_symbols, import_symbols, remove_symbol
from market_pipeline.storage.universe import InvalidSymbol
from market_pipeline.tracking.failed_symbols import force_retry
from market_pipeline.tracking.gates import reset_provider_failures

SIGNED_IN = 30 * 86400  # seconds
router = APIRouter(include_in_schema=False, dependencies=[Depends(controller)])
Text = Annotated[str, Form(max_length=2000)]


def _back(path: str, said: str) -> RedirectResponse:
    return RedirectResponse(f"{path}?{urlencode({'said': said})}", 303)


@router.post("/vendors/{name}/reset")
def reset(services: Served, name: KnownVendor) -> RedirectResponse:
    with services.database.connect(autocommit=True, name="monitor reset") as connection:
        reset_provider_failures(connection, name)
    return _back(f"/vendors/{name}", "reset")


@router.post("/failures/retry")
def retry(services: Served, data_type: Text = "", symbol: Text = "") -> RedirectResponse:
    with services.database.connect(autocommit=True, name="monitor retry") as connection:
        force_retry(connection, data_type or None, [symbol] if symbol else None, now=services.clock())
    return _back("/failures", "retried")


@router.post("/symbols/add")
def add(services: Served, symbols: Text) -> RedirectResponse:
    try:
        add_symbols(services, symbols.replace(",", " ").split())
    except InvalidSymbol:
        return _back("/symbols", "bad_symbol")
    return _back("/symbols", "added")


@router.post("/symbols/import")
def import_csv(services: Served, file: UploadFile) -> RedirectResponse:
    try:
        import_symbols(services, file)
    except InvalidSymbol:
        return _back("/symbols", "bad_file")
    return _back("/symbols", "added")


@router.post("/symbols/remove")
def remove(services: Served, symbol: Text) -> RedirectResponse:
    try:
        remove_symbol(services, symbol)
    except InvalidSymbol:
        return _back("/symbols", "bad_symbol")
    return _back("/symbols", "removed")


@router.get("/login")
def login(request: Request, services: Served) -> HTMLResponse:
    return page(request, services, "login", "Sign in", live=False)


@router.post("/login")
def sign_in(request: Request, services: Served, token: Text) -> RedirectResponse:
    expected = services.settings.monitor_token
    if expected is None or not secrets.compare_digest(token.encode(), expected.get_secret_value().encode()):
        return _back("/login", "wrong_token")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, token, max_age=SIGNED_IN, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """For probes: the process answers.  Whether the pipeline is well is another question."""
    return {"status": "ok"}
