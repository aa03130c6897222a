"""The one HTTP client: a pooled session per vendor, credentials added and taken out again.

Here belong sending a request, the vendor's handshake, timeouts, and redaction: no key leaves this module in an answer,
an error or a log line.  What an answer means belongs to the vendor's file; whether to send at all belongs to the gate.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote_plus, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from market_pipeline.providers.base import Provider
from market_pipeline.providers.errors import AuthenticationFailed, MalformedResponse, ProviderError, Unavailable
from market_pipeline.providers.messages import Answer, Request

REDACTED = "[redacted]"
MAX_BODY = 64 * 1024 * 1024  # the largest honest answer, EDGAR's company facts, is about 4 MB


class _Session(requests.Session):
    """A session that takes no key along to another host; requests drops only the Authorization header there."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        if urlsplit(prepared_request.url or "").netloc != urlsplit(response.url).netloc:
            for name in list(prepared_request.headers):
                if name.lower() not in {"accept", "accept-encoding", "connection", "user-agent"}:
                    del prepared_request.headers[name]


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
        self._timeout = timeout
        self._clock = clock
        self._secrets: list[bytes] = []
        self._tokens: Mapping[str, str] | None = None
        self._shaking = threading.Lock()
        self._session = _Session()
        self._session.trust_env = False  # 431 against 582 requests a second over TLS with the environment consulted
        self._headers = {**self._session.headers, "User-Agent": "market-pipeline", **provider.headers}
        # A pool below the number of threads reconnects on every request above it.  Retries are the router's: urllib3's
        # own would hide attempts from the statistics.
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
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
        self._session.close()

    def _exchange(self, request: Request) -> Answer:
        if self._key is not None:
            request = self._provider.authorise(request, self._key)
        url = self._address(request)
        body = bytearray()
        try:
            with self._session.send(self._prepared(request, url), timeout=self._timeout, stream=True) as response:
                for chunk in response.iter_content(1 << 16):
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise MalformedResponse(f"the answer is larger than {MAX_BODY // 2**20} MB")
        except requests.RequestException as error:
            raise Unavailable(f"{_cause(error)} from {urlsplit(url).netloc}") from None  # its own message has the key
        return Answer(
            url=self.redact(response.url),
            status=response.status_code,
            body=self._redact_bytes(bytes(body)),  # Alpha Vantage repeats the key in its rate-limit note
            headers={name.lower(): self.redact(value) for name, value in response.headers.items()},
            received_at=self._clock(),
        )

    def _prepared(self, request: Request, url: str) -> requests.PreparedRequest:
        """As the session would prepare it, without the merging of its settings, which takes as long as all the rest."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method="GET",
            url=url,
            params=urlencode(request.params),  # of a mapping requests would look twice as long for its kind
            headers={**self._headers, **request.headers},
            cookies=self._session.cookies,
        )
        return prepared

    def _address(self, request: Request) -> str:
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


def _cause(error: requests.RequestException) -> str:
    """A few words for a failed exchange."""
    match error:
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.SSLError():
            return "TLS failure"
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return "an answer that breaks off"
        case requests.ConnectionError():
            return "no connection"
        case _:
            return f"no answer ({type(error).__name__})"
