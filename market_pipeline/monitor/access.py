"""Who may use the monitor, and what every answer says to browsers.

Here belong the token, the check of where a state-changing call comes from, and security headers.  What calls do is not known
here.
"""

import ipaddress
import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


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


class Guard:
    """Around the whole application: no answer without the token, where one is set, and security headers on every one.

    Reading needs the token too, because what vendors say and what is tracked are nobody else's business.  Without a token only
    calls that are addressed to this machine are answered: another site could point its own name here, and then its pages
    would be of the same origin as ours.
    """

    def __init__(self, app: ASGIApp, token: SecretStr | None) -> None:
        self._app = app
        self._token = None if token is None else token.get_secret_value()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_RAW_HEADERS]}
            await send(message)

        answer = self._refusal(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """What is answered instead; None where nothing speaks against it."""
        if self._token is None:
            host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
            told = f"without MONITOR_TOKEN this answers at 127.0.0.1 and localhost only, not at {host[:100]!r}"
            return None if _is_loopback(host) else JSONResponse({"detail": told}, 403)
        if _is_public(request.url.path) or _knows(request, self._token):
            return None
        if "text/html" in request.headers.get("Accept", ""):
            return RedirectResponse("/login", 303)  # a person, who can give it there
        told = "the token is missing or wrong: send it as `Authorization: Bearer TOKEN`, or sign in at /login"
        return JSONResponse({"detail": told}, 401, {"WWW-Authenticate": "Bearer"})


def _is_public(path: str) -> bool:
    return path in {"/login", "/healthz"} or path.startswith("/static/")


async def controller(request: Request) -> None:
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
