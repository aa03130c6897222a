"""Many symbols worked on a few at a time, each tried again when what went wrong passes by itself.

Here belongs the order of events of an enrichment: who is next, how often again, what is told of it.  What is done for a
symbol is the caller's.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from market_pipeline.tracking.executions import State

RETRIES = 3
FIRST_WAIT = 2.0  # seconds; then 4, then 8: what takes longer to pass is the failed-symbols sensor's

Done = TypeVar("Done")
Told = TypeVar("Told", contravariant=True)


class Tell(Protocol[Told]):
    """Is told how a symbol is doing, and what came of it in the end."""

    def __call__(
        self, symbol: str, status: State, *, retries: int, error: str | None = None, done: Told | None = None
    ) -> None: ...


class SymbolFailed(Exception):
    """A symbol could not be worked on; the message says why, in words for a person."""


class PassesByItself(SymbolFailed):
    """And what went wrong may be over in some seconds."""


class Interrupted(Exception):
    """The enrichment has ended, and this symbol was not worked on any more."""


@dataclass(slots=True)
class Summary(Generic[Done]):
    """What came of an enrichment, by symbol."""

    done: dict[str, Done] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    retried: set[str] = field(default_factory=set)
    """Those that took more than one try, whatever came of them."""


class Enrichment(Generic[Done]):
    """Does `work` for symbols, `concurrency` of them at once.

    A symbol whose work raises PassesByItself is worked on again after 2, 4 and 8 seconds; any other error is the end of it,
    and of no other symbol.  `tell` is called from several threads, but never by two at once.  `sleep` waits so many seconds;
    by default it ends when the enrichment does.
    """

    def __init__(
        self,
        work: Callable[[str], Done],
        tell: Tell[Done],
        *,
        concurrency: int,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._work = work
        self._tell = tell
        self._concurrency = concurrency
        self._stopped = threading.Event()
        self._sleep = self._wait if sleep is None else sleep
        self._lock = threading.Lock()
        self._summary: Summary[Done] = Summary()

    def run(self, symbols: Sequence[str], progress: Callable[[int, int], None]) -> Summary[Done]:
        """Work on all symbols; `progress` is told in this thread how many are through, of how many.

        When the caller is interrupted, what is under way ends, and nothing else begins.
        """
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="enrichment")
        try:
            under_way = [pool.submit(self._enrich, symbol) for symbol in symbols]
            for through, future in enumerate(as_completed(under_way), start=1):
                future.result()
                progress(through, len(symbols))
        finally:
            self._stopped.set()
            pool.shutdown(cancel_futures=True)
        return self._summary

    def _enrich(self, symbol: str) -> None:
        """Work on one symbol until it is done or has failed, and tell how it goes."""
        retrying = Retrying(
            retry=retry_if_exception_type(PassesByItself),
            stop=stop_after_attempt(1 + RETRIES),
            wait=wait_exponential(multiplier=FIRST_WAIT),
            sleep=self._sleep,
            before=lambda state: self._note(symbol, "in_progress", retries=state.attempt_number - 1),
            before_sleep=lambda state: self._note(symbol, "retry", retries=state.attempt_number, error=_error(state)),
            reraise=True,
        )
        try:
            done = retrying(self._once, symbol)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one symbol, the others are not to blame
            said = str(error) if isinstance(error, SymbolFailed) else f"{type(error).__name__}: {error}"
            self._note(symbol, "failed", retries=_tries(retrying) - 1, error=said)
        else:
            self._note(symbol, "completed", retries=_tries(retrying) - 1, done=done)

    def _wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _once(self, symbol: str) -> Done:
        if self._stopped.is_set():
            raise Interrupted("the enrichment was interrupted")
        return self._work(symbol)

    def _note(
        self, symbol: str, status: State, *, retries: int, error: str | None = None, done: Done | None = None
    ) -> None:
        with self._lock:
            if status == "failed":
                self._summary.failed[symbol] = error or ""
            elif status == "retry":
                self._summary.retried.add(symbol)
            elif done is not None:
                self._summary.done[symbol] = done
            self._tell(symbol, status, retries=retries, error=error, done=done)


def _tries(retrying: Retrying) -> int:
    return int(retrying.statistics["attempt_number"])


def _error(state: RetryCallState) -> str:
    return str(state.outcome.exception()) if state.outcome is not None else ""
