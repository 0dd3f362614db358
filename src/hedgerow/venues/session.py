"""Requests of one account under a token that a login gives: within budgets, renewed in time, repeated where it is safe.

For venues whose requests are not signed one by one. What is asked and what an answer means is the family's; here is
when a token is made, that a question is repeated once with a new one, and that nothing that changes something is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused, Unavailable, VenueError
from hedgerow.core.secrets import Secret
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, Headers, HttpClient
from hedgerow.venues.base import Rate


class ErrorOf(Protocol):
    """The error that an answer outside 2xx stands for; Refused with Reason.AUTH for a session that is over."""

    def __call__(self, answer: Answer, operation: str, *, changes: bool) -> VenueError: ...


class Session:
    """The requests, one token for all."""

    def __init__(
        self,
        http: HttpClient,
        clock: Clock,
        rates: Mapping[str, Rate],
        *,
        login: Callable[[], Coroutine[Any, Any, Secret]],
        headers: Callable[[Secret], Headers],
        error_of: ErrorOf,
        lives_s: int,
        use_prolongs: bool,
    ) -> None:
        """rates: by the group of requests; lives_s: after so long a token is renewed, counted from the login, or from
        its last use where use_prolongs."""
        self._http, self._clock = http, clock
        self._login, self._headers, self._error_of = login, headers, error_of
        self._lives_ms, self._use_prolongs = lives_s * 1000, use_prolongs
        self._budgets = {name: Budget(clock, rate.per_second, rate.burst) for name, rate in rates.items()}
        self._token = Secret("")
        self._alive_ms = 0
        self._signing_in = asyncio.Lock()

    # --- the token --------------------------------------------------------------------------------------------

    @property
    def is_signed_in(self) -> bool:
        return bool(self._token) and self._clock.now_ms() - self._alive_ms < self._lives_ms

    async def sign_in(self) -> None:
        """Where there is no token that lives. Raises what the login raises."""
        async with self._signing_in:
            if not self.is_signed_in:
                self._token = await self._login()
                self._alive_ms = self._clock.now_ms()

    def _was_used(self) -> None:
        if self._use_prolongs:
            self._alive_ms = self._clock.now_ms()

    # --- budgets ----------------------------------------------------------------------------------------------

    def take(self, operation: str, group: str, *, leaves: int = 0) -> None:
        """Takes what a request costs. Raises Unavailable where it is not there: nothing is queued."""
        budget = self._budgets[group]
        if not budget.try_take(1, leaves=leaves):
            wait_s = budget.ready_in_s(1 + leaves)
            raise Unavailable(self._http.venue, operation, f"the budget of {group} is used up", retry_after_s=wait_s)

    def take_if_there(self, group: str) -> None:
        """Counts a request that is sent in any case."""
        self._budgets[group].try_take(1)

    # --- requests ---------------------------------------------------------------------------------------------

    async def read(self, operation: str, group: str, where: str) -> Answer:
        """A GET of a path with its query, repeated once where the session was over. Raises Refused or Unavailable."""
        for is_last in (False, True):
            await self.sign_in()
            self.take(operation, group)
            token = self._token
            answer = await self._http.request(operation, "GET", where, headers=self._headers(token))
            if 200 <= answer.status < 300:
                break
            error = self._error(answer, operation, group, token, changes=False)
            if is_last or not _is_over(error):
                raise error
        self._was_used()
        return answer

    def change(
        self, operation: str, group: str, method: str, path: str, body: bytes = b"", *, answers: Sequence[int] = ()
    ) -> Coroutine[Any, Any, Answer]:
        """What moves money or orders, sent once; where a token lives and a connection is warm, before this returns.
        answers: statuses outside 2xx that are answers too. Unavailable for a session that was over: nothing was
        done."""
        if not self.is_signed_in:
            return self._signed_change(operation, group, method, path, body, answers)
        return self._sent(operation, group, method, path, body, answers)

    async def _signed_change(
        self, operation: str, group: str, method: str, path: str, body: bytes, answers: Sequence[int]
    ) -> Answer:
        await self.sign_in()
        return await self._sent(operation, group, method, path, body, answers)

    def _sent(
        self, operation: str, group: str, method: str, path: str, body: bytes, answers: Sequence[int]
    ) -> Coroutine[Any, Any, Answer]:
        token = self._token
        coming = self._http.request(operation, method, path, headers=self._headers(token), body=body, changes=True)
        return self._accepted(operation, group, coming, token, answers)

    async def _accepted(
        self, operation: str, group: str, coming: Coroutine[Any, Any, Answer], token: Secret, answers: Sequence[int]
    ) -> Answer:
        answer = await coming
        if 200 <= answer.status < 300 or answer.status in answers:
            self._was_used()
            return answer
        error = self._error(answer, operation, group, token, changes=True)
        if _is_over(error):
            why = "the session was over; the next request makes a new one"
            raise Unavailable(self._http.venue, operation, why) from error
        raise error

    def _error(self, answer: Answer, operation: str, group: str, token: Secret, *, changes: bool) -> VenueError:
        error = self._error_of(answer, operation, changes=changes)
        if answer.status == 429 and isinstance(error, Unavailable) and error.retry_after_s:
            self._budgets[group].exhausted(error.retry_after_s)
        if answer.status == 401 and token == self._token:  # else another request has signed in meanwhile
            self._token = Secret("")
        return error


def _is_over(error: Exception) -> bool:
    return isinstance(error, Refused) and error.reason is Reason.AUTH
