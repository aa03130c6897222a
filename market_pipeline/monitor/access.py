"""Who may use the monitor, and what every answer says to browsers.

Here belong the token, the check of where a state-changing call comes from, and security headers.  What calls do is not known
here.
"""

import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from pydantic import SecretStr

from market_pipeline.settings import SettingsError

COOKIE = "market_pipeline_token"
HEADERS = {
    # No script, style or picture from anywhere else, and nobody's frame: vendors' texts are shown here.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def refuse_open_address(host: str, token: SecretStr | None) -> None:
    """Raises SettingsError for an address that others can reach when there is no token to keep them out."""
    if token is None and not _is_loopback(host):
        raise SettingsError(
            f"the monitor would be open to everybody at {host}: set MONITOR_TOKEN to a long random text (for example that of"
            " `openssl rand -hex 32`), or listen on 127.0.0.1"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reader(request: Request) -> None:
    """A dependency of everything: with a token set, only who knows it gets an answer.

    Reading needs it too, because what vendors say and what is tracked are nobody else's business.
    """
    token: SecretStr | None = request.app.state.token
    if token is not None and not _knows(request, token.get_secret_value()):
        raise HTTPException(
            401,
            "the token is missing or wrong: send it as `Authorization: Bearer TOKEN`, or sign in at /login",
            {"WWW-Authenticate": "Bearer"},
        )


def controller(request: Request) -> None:
    """A dependency of what changes something: not on behalf of another site's page that is open in the same browser."""
    if _from_another_site(request):
        raise HTTPException(403, "a page of another site may not do this")


def _knows(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    offered = given if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")
    return secrets.compare_digest(offered.encode(), token.encode())


def _from_another_site(request: Request) -> bool:
    """Browsers say where a request comes from: all current ones by Sec-Fetch-Site, older ones by Origin; others say neither."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("Host")


async def add_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
