"""The one HTTP client: pooled connections to each vendor, credentials added and taken out again.

Here belong sending a request, the vendor's handshake, timeouts, and redaction: no key leaves this module in an answer,
an error or a log line.  What an answer means belongs to the vendor's file; whether to send at all belongs to the gate.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote_plus, urlencode, urljoin, urlsplit

import certifi
import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header
from urllib3.exceptions import DecodeError, HTTPError, NewConnectionError, ProtocolError, SSLError, TimeoutError

from market_pipeline.providers.base import Provider
from market_pipeline.providers.errors import AuthenticationFailed, MalformedResponse, ProviderError, Unavailable
from market_pipeline.providers.messages import Answer, Request

REDACTED = "[redacted]"
MAX_BODY = 64 * 1024 * 1024  # the largest honest answer, EDGAR's company facts, is about 4 MB
MAX_REDIRECTS = 5
HEADERS = {"User-Agent": "market-pipeline", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


class VendorClient:
    """Sends requests to one vendor; safe to use from several threads.

    `base_url` replaces every host of the vendor (a proxy, the simulator, a test server).
    """

    def __init__(
        self,
        provider: Provider,
        *,
        key: str | None,
        base_url: str | None,
        timeout: float,
        connections: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._provider = provider
        self._key = key
        self._base_url = base_url
        self._clock = clock
        self._secrets: list[bytes] = []
        self._tokens: Mapping[str, str] | None = None
        self._shaking = threading.Lock()
        self._headers = {**HEADERS, **provider.headers}
        self._cookies = RequestsCookieJar()
        # A pool below the number of threads reconnects on every request above it.  Retries are the router's: urllib3's
        # own would hide attempts from the statistics.
        self._pool = urllib3.PoolManager(
            4, maxsize=connections, retries=False, timeout=timeout, ca_certs=certifi.where()
        )
        self._keep_secret(key)

    def send(self, request: Request) -> Answer:
        """The vendor's answer, whatever its status.

        Raises Unavailable where there is none, and AuthenticationFailed where the vendor needs a key that is not set.
        """
        if self._provider.needs_key and self._key is None:
            raise AuthenticationFailed(f"no key: set {self._provider.name.upper()}_API_KEY")
        if not request.handshake:
            return self._exchange(request)
        answer = self._exchange(self._with_tokens(request, self._obtain_tokens()))
        if isinstance(self._provider.classify(answer), AuthenticationFailed):  # the tokens have expired: once more
            self._forget_tokens()
            answer = self._exchange(self._with_tokens(request, self._obtain_tokens()))
        return answer

    def requests_ahead(self, request: Request) -> int:
        """Requests of the handshake that `send` has to make first: none once there are tokens."""
        handshake = self._provider.handshake
        return 0 if handshake is None or not request.handshake or self._tokens else len(handshake.requests)

    @property
    def key_hash(self) -> str | None:
        """What tells one key from another without being one; None without a key."""
        if self._key is None:
            return None
        return sha256(f"{self._provider.name}:{self._key}".encode()).hexdigest()[:16]

    def redact(self, text: str) -> str:
        """The text without any secret of this vendor."""
        return self._redact_bytes(text.encode()).decode(errors="replace")

    def close(self) -> None:
        self._pool.clear()

    def _exchange(self, request: Request) -> Answer:
        if self._key is not None:
            request = self._provider.authorise(request, self._key)
        url, lost = self._address(request), "no connection"
        try:
            url, response = self._follow(url, {**self._headers, **request.headers})
            lost = "an answer that breaks off"
            with closing(response):
                body = response.read(MAX_BODY + 1)
        except HTTPError as error:  # its own message has the key
            raise Unavailable(f"{_cause(error, lost)} from {_netloc(url)}") from None
        except ValueError:  # of http.client, which repeats it
            raise AuthenticationFailed("the key cannot be sent: it has characters that no header takes") from None
        if len(body) > MAX_BODY:
            raise MalformedResponse(f"the answer is larger than {MAX_BODY // 2**20} MB")
        return Answer(
            url=self.redact(url),
            status=response.status,
            body=self._redact_bytes(body),  # Alpha Vantage repeats the key in its rate-limit note
            headers={name.lower(): self.redact(value) for name, value in response.headers.itermerged()},
            received_at=self._clock(),
        )

    def _follow(self, url: str, headers: Mapping[str, str]) -> tuple[str, urllib3.BaseHTTPResponse]:
        """The address where redirects end, and the beginning of its answer.  No key is taken along to another host."""
        for _ in range(1 + MAX_REDIRECTS):
            response = self._get(url, headers)
            location = response.get_redirect_location()
            if not location:
                return url, response
            response.drain_conn()
            try:
                leaving, url = url, urljoin(url, location)
            except ValueError:
                raise MalformedResponse("a redirect leads to what is no address") from None
            if _netloc(url) != _netloc(leaving):
                headers = {name: value for name, value in headers.items() if name in HEADERS}
        raise Unavailable(f"more than {MAX_REDIRECTS} redirects from {_netloc(url)}")

    def _get(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """One exchange, up to the body of the answer; cookies are kept, and sent to where they belong."""
        asked = requests.Request("GET", url)  # as requests' cookies want to see it
        if self._cookies:
            cookie = get_cookie_header(self._cookies, asked)  # type: ignore[no-untyped-call]
            headers = headers if cookie is None else {**headers, "Cookie": cookie}
        response = self._pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
        if "Set-Cookie" in response.headers:
            extract_cookies_to_jar(self._cookies, asked, response)  # type: ignore[no-untyped-call]
        return response

    def _address(self, request: Request) -> str:
        """Where a request goes, with its parameters.  Raises MalformedResponse for a link to somebody else."""
        address = self._base(request)
        if not request.params:
            return address
        return address + ("&" if "?" in address else "?") + urlencode(request.params)

    def _base(self, request: Request) -> str:
        home = self._base_url or self._provider.base_url
        if request.host and self._base_url is None:
            home = self._provider.hosts[request.host]
        if request.path.startswith(("https://", "http://")):  # a link of the vendor's, such as next_url
            linked, own = urlsplit(request.path), urlsplit(home)
            if linked.netloc != own.netloc and linked.netloc not in map(_netloc, self._provider.hosts.values()):
                raise MalformedResponse(f"a link leads away from the vendor, to {linked.netloc}: the key stays here")
            return request.path
        return home.rstrip("/") + request.path

    def _obtain_tokens(self) -> Mapping[str, str]:
        with self._shaking:
            if self._tokens is None:
                handshake = self._provider.handshake
                if handshake is None:
                    raise ProviderError(f"{self._provider.name} has an endpoint with handshake and no handshake")
                for step in handshake.requests:
                    answer = self._exchange(step)
                self._tokens = handshake.read(answer)
                for token in self._tokens.values():
                    self._keep_secret(token)
            return self._tokens

    def _forget_tokens(self) -> None:
        with self._shaking:
            self._tokens = None

    @staticmethod
    def _with_tokens(request: Request, tokens: Mapping[str, str]) -> Request:
        return replace(request, params={**request.params, **tokens})

    def _keep_secret(self, secret: str | None) -> None:
        if secret is not None and len(secret) >= 4:  # shorter ones would blank out ordinary text
            self._secrets += sorted({secret.encode(), quote_plus(secret).encode()}, key=len, reverse=True)

    def _redact_bytes(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED.encode())
        return text


def _netloc(url: str) -> str:
    return urlsplit(url).netloc


def _cause(error: HTTPError, lost: str) -> str:
    """A few words for a failed exchange; `lost` for one whose connection was."""
    match error:
        case NewConnectionError() | ProtocolError() | DecodeError():  # the first is also one of urllib3's timeouts
            return lost
        case TimeoutError():
            return "no answer in time"
        case SSLError():
            return "TLS failure"
        case _:
            return f"no answer ({type(error).__name__})"
