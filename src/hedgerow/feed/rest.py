"""The feed's REST side: its endpoints, its errors in our words, and its rate limits obeyed.

Limits are counted per key and endpoint and told in the headers of every answer. What is planned here stays under the
lowest figure that was ever published; what the headers say beyond that is obeyed. The key travels in a header only.
Source: OddsPapi v5 REST pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import structlog
from msgspec import Raw

from hedgerow.core.clock import Clock
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.ids import FixtureId, OutcomeId, VenueSlug
from hedgerow.core.secrets import Secret
from hedgerow.feed import wire
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient

_log = structlog.get_logger(__name__)
T = TypeVar("T")

FEED = "oddspapi"
MOST_BOOKMAKERS = 5
"""Slugs that one request of the odds endpoints takes; one more is an error 400."""
MOST_FIXTURES = 50
"""Fixtures that one request takes; 100 were seen to work, and nothing is documented."""

# Half of the 100 a minute that is the lowest figure published, kept as a reserve and filled in a minute: together
# never above it. The odds endpoints allow 10 a second.
_CALM_PER_SECOND, _CALM_BURST = 50 / 60, 50.0
_ODDS_BURST = 8.0
_LONGEST_HOLD_S = 120.0
_LIMITER_DOWN_S = 5.0

_ODDS = "/fixtures/odds"
_REASONS = {
    400: Reason.INVALID,
    401: Reason.AUTH,
    403: Reason.ACCOUNT,
    404: Reason.CLOSED,
    422: Reason.INVALID,
    501: Reason.INVALID,
}


class _Fault(msgspec.Struct, rename="camel"):
    """An error's body: the last field has two names in the feed's pages, and FastAPI's form occurs too."""

    message: str | None = None
    code: str | None = None
    reason: str | None = None
    retry_after_sec: float | None = None
    detail: Any = None


@dataclass(frozen=True, slots=True)
class OddsQuery:
    """A question about quotes. bookmakers: at most 5, none for all; since_ms: only what moved since, in any state."""

    fixtures: tuple[FixtureId, ...]
    bookmakers: tuple[VenueSlug, ...] = ()
    since_ms: int | None = None


class FeedRest:
    """The endpoints that are used. Every method raises Refused or Unavailable."""

    def __init__(self, http: HttpClient, key: Secret, clock: Clock, *, odds_per_second: float = 2.0) -> None:
        self._http, self._key, self._clock = http, key, clock
        self._odds_per_second = odds_per_second
        self._budgets: dict[str, Budget] = {}

    async def bookmakers(self) -> list[wire.Bookmaker]:
        return await self._list("bookmakers", "/bookmakers", wire.Bookmaker)

    async def sports(self) -> list[wire.Sport]:
        return await self._list("sports", "/sports", wire.Sport)

    async def currencies(self) -> list[wire.Currency]:
        return await self._list("currencies", "/currencies", wire.Currency)

    async def markets_of_sport(self, sport_id: int) -> list[wire.Market]:
        return await self._list("markets", "/markets", wire.Market, sportId=sport_id)

    async def markets_of_outcomes(self, outcomes: Sequence[OutcomeId]) -> list[wire.Market]:
        return await self._list("markets", "/markets", wire.Market, outcomeIds=_joined(outcomes))

    async def fixtures_of_sport(self, sport_id: int, from_s: int, to_s: int) -> list[wire.Fixture]:
        """Those that start between the two times, in epoch seconds."""
        window = {"startTimeFrom": from_s, "startTimeTo": to_s}
        return await self._list("fixtures", "/fixtures", wire.Fixture, sportId=sport_id, **window)

    async def fixtures(self, fixture_ids: Sequence[FixtureId]) -> list[wire.Fixture]:
        return await self._list("fixtures", "/fixtures", wire.Fixture, fixtureIds=_joined(fixture_ids))

    async def settlement(self, fixture_id: FixtureId) -> wire.FixtureSettlement:
        """The feed's grades of a fixture's outcomes; before the end they are undecided."""
        path = "/fixtures/settlement"
        answer: wire.FixtureSettlement = await self._get(
            "settlement", path, wire.FixtureSettlement, fixtureId=fixture_id
        )
        return answer

    async def main_odds(self, query: OddsQuery) -> list[Raw]:
        """The main lines of up to 50 fixtures, each a `wire.FixtureOdds` that is not decoded yet."""
        asked = {"fixtureIds": _joined(query.fixtures), **_filters(query)}
        answer: list[Raw] = await self._get("main odds", f"{_ODDS}/main", list[Raw], **asked)
        return answer

    async def all_odds(self, query: OddsQuery) -> Raw:
        """Every quote of one fixture, as a `wire.FixtureOdds` that is not decoded yet."""
        (fixture_id,) = query.fixtures
        answer: Raw = await self._get("odds", _ODDS, Raw, fixtureId=fixture_id, **_filters(query))
        return answer

    async def _list(self, operation: str, path: str, row: type[T], **query: object) -> list[T]:
        """A list whose faulty rows are left out: one of them must not take the others with it."""
        raws = await self._get(operation, path, list[Raw], **query)
        rows, faults = [], 0
        decode: Callable[[Raw], T] = msgspec.json.Decoder(row).decode
        for raw in raws:
            try:
                rows.append(decode(raw))
            except UNREADABLE:
                faults += 1
        if faults:
            _log.warning("rows of an answer cannot be read", operation=operation, count=faults)
        return rows

    async def _get(self, operation: str, path: str, shape: Any, **query: object) -> Any:
        budget = self._budget(path)
        while not budget.try_take(1):
            await self._clock.sleep(budget.ready_in_s(1), soft=True)
        target = f"{path}?{urlencode(query, safe=',:')}" if query else path
        answer = await self._http.request(operation, "GET", target, headers=[("X-API-Key", self._key.reveal())])
        self._obey(budget, answer)
        if answer.status != 200:
            raise _error(operation, answer)
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except UNREADABLE as error:
            raise Unavailable(FEED, operation, f"the answer cannot be read: {error}") from error

    def _budget(self, path: str) -> Budget:
        """The endpoint's budget; those of odds share one."""
        is_odds = path.startswith(_ODDS)
        endpoint = _ODDS if is_odds else path
        budget = self._budgets.get(endpoint)
        if budget is None:
            rate, burst = (self._odds_per_second, _ODDS_BURST) if is_odds else (_CALM_PER_SECOND, _CALM_BURST)
            budget = self._budgets[endpoint] = Budget(self._clock, rate, burst)
        return budget

    def _obey(self, budget: Budget, answer: Answer) -> None:
        """Holds the endpoint for as long as the answer asks."""
        hold_s = 0.0
        if answer.status == 429:
            hold_s = _seconds(answer.headers.get("retry-after")) or 1.0
        elif answer.status == 503:
            hold_s = _LIMITER_DOWN_S
        elif answer.headers.get("x-ratelimit-remaining") == "0":
            hold_s = _seconds(answer.headers.get("x-ratelimit-reset")) - self._clock.now_ms() / 1000
        if hold_s > 0:
            budget.exhausted(min(hold_s, _LONGEST_HOLD_S))


def _filters(query: OddsQuery) -> dict[str, object]:
    if len(query.bookmakers) > MOST_BOOKMAKERS:
        raise ValueError(f"one request takes at most {MOST_BOOKMAKERS} bookmakers")
    filters: dict[str, object] = {}
    if query.bookmakers:
        filters["bookmakers"] = _joined(query.bookmakers)
    if query.since_ms is not None:
        filters["since"] = query.since_ms
    return filters


def _joined(values: Sequence[object]) -> str:
    return ",".join(str(value) for value in values)


def _seconds(text: str | None) -> float:
    """A header's number; 0 for none."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _error(operation: str, answer: Answer) -> Refused | Unavailable:
    """The answer's error: Refused for what will not change by asking again, Unavailable for the rest."""
    try:
        fault = msgspec.json.decode(answer.body, type=_Fault)
    except UNREADABLE:
        fault = _Fault()
    code = fault.code or fault.reason
    message = fault.message or (str(fault.detail) if fault.detail else "") or f"HTTP {answer.status}"
    reason = _REASONS.get(answer.status)
    if reason is not None:
        return Refused(FEED, operation, message, reason=reason, code=code)
    wait_s = _seconds(answer.headers.get("retry-after")) or fault.retry_after_sec
    return Unavailable(FEED, operation, message, code=code, retry_after_s=wait_s)
