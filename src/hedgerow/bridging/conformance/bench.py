"""What a case works with: one account of a bridge, a selection to bet on, and the operator's hook."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote as quoted

import msgspec

from hedgerow.bridging import wire
from hedgerow.bridging.conformance.cases import NotRunError
from hedgerow.bridging.conformance.client import Answer, Client
from hedgerow.bridging.conformance.hook import CannotError, Hook
from hedgerow.bridging.wire import Bet, BetRequest, Selection, State
from hedgerow.core.claims import DisprovedError, expect_same
from hedgerow.core.clock import Clock, iso_of_ms
from hedgerow.core.money import minor_unit

PATIENCE_S = 30.0
"""For what a bridge does by itself, where it does not say that it takes longer."""
LONGEST_S = 120.0
_LOOK_S = 0.05
_NOT_AFTER_MS = 30_000
_PAGE = 1_000
_MOST_PAGES = 1_000
_LONGEST_PAUSE_S = 61.0
_MOST_PAUSES = 3


@dataclass
class Bench:
    """One bridge. selection: on which bets can be placed; None where the operator named none."""

    client: Client
    clock: Clock
    info: wire.Info
    account: wire.Account
    hook: Hook
    selection: Selection | None

    # --- paths --------------------------------------------------------------------------------------------------

    @property
    def bets(self) -> str:
        return f"/accounts/{quoted(self.account.account, safe='')}/bets"

    def path(self, reference: str) -> str:
        return f"{self.bets}/{reference}"

    def has(self, capability: wire.Capability) -> bool:
        return capability in self.info.capabilities

    @property
    def patience_s(self) -> float:
        """Until a bet must be final."""
        told = self.info.decision_seconds
        return min(max(PATIENCE_S, told.maximum if told else 0.0), LONGEST_S)

    # --- asking -------------------------------------------------------------------------------------------------

    async def call(self, method: str, path: str, body: bytes = b"") -> Answer:
        """As the account's router. A bridge whose pace was reached is asked again when it says so."""
        for _ in range(_MOST_PAUSES):
            answer = await self.client.call(method, path, body)
            if answer.status != 429:
                return answer
            wait_s = answer.problem(429).retry_after_seconds or 1.0
            await asyncio.sleep(min(wait_s, _LONGEST_PAUSE_S))
        return answer

    async def balance(self) -> wire.Balance:
        path = f"/accounts/{quoted(self.account.account, safe='')}/balance"
        return (await self.call("GET", path)).read(wire.Balance)

    async def free(self) -> Decimal:
        return Decimal((await self.balance()).available)

    async def quote(self, selection: Selection | None = None, side: wire.Side = "back") -> wire.Quote:
        """Of the selection, or of the one that is bet on; whatever its status."""
        asked = wire.QuoteRequest(selection or self.the_selection(), side)
        path = f"/accounts/{quoted(self.account.account, safe='')}/quotes"
        return (await self.call("POST", path, wire.encode(asked))).read(wire.Quote)

    async def bet(self, reference: str) -> Bet:
        return (await self.call("GET", self.path(reference))).read(Bet)

    async def is_unknown(self, reference: str) -> bool:
        return (await self.call("GET", self.path(reference))).status == 404

    async def fence(self, reference: str) -> wire.FenceResult:
        return (await self.call("POST", f"{self.path(reference)}/fence")).read(wire.FenceResult)

    async def changes(self, after: int = 0) -> list[Bet]:
        """Every bet that changed after a revision, over all pages. Raises DisprovedError for a list without end, or
        whose revisions do not grow."""
        found: list[Bet] = []
        for _ in range(_MOST_PAGES):
            path = f"{self.bets}?after={after}&limit={_PAGE}"
            page = (await self.call("GET", path)).read(wire.Changes)
            for bet in page.bets:
                if bet.revision <= after:
                    raise DisprovedError(f"the list goes from revision {after} to {bet.revision}")
                after = bet.revision
            found += page.bets
            if not page.has_more:
                return found
            if not page.bets:
                break
        raise DisprovedError("the list of changes has no end")

    async def last_revision(self) -> int:
        return max((bet.revision for bet in await self.changes()), default=0)

    # --- betting ------------------------------------------------------------------------------------------------

    def the_selection(self) -> Selection:
        """Raises NotRunError where the operator named none."""
        if self.selection is None:
            raise NotRunError("nothing to bet on was named (--selection)")
        return self.selection

    async def request(self, selection: Selection | None = None, side: wire.Side = "back", **changes: Any) -> BetRequest:
        """A bet of the least stake at the price of this moment. Raises NotRunError where nothing is offered."""
        selection = selection or self.the_selection()
        offer = await self.quote(selection, side)
        if offer.status != "open" or offer.price is None:
            raise NotRunError(f"the selection is not offered to bet on: {offer.status}")
        asked = BetRequest(
            selection,
            side,
            stake=offer.min_stake or wire.amount(minor_unit(self.account.currency)),
            currency=self.account.currency,
            limit_price=offer.price,
            accept_better=True,
            fill="all_or_nothing",
            not_after=iso_of_ms(self.clock.now_ms() + _NOT_AFTER_MS),
        )
        return msgspec.structs.replace(asked, **changes)

    async def put(self, reference: str, request: BetRequest) -> Answer:
        return await self.call("PUT", self.path(reference), wire.encode(request))

    async def placed(self, request: BetRequest | None = None) -> Bet:
        """A new bet, once it is decided."""
        reference = new_reference()
        (await self.put(reference, request or await self.request())).read(Bet, 200, 201)
        return await self.decided(reference)

    async def accepted(self, request: BetRequest | None = None) -> Bet:
        """A new bet that the bookmaker took. Raises DisprovedError for another end."""
        bet = await self.placed(request)
        expect_same("the state of a bet at the offered price", told(bet), State.ACCEPTED)
        return bet

    async def decided(self, reference: str) -> Bet:
        """The bet when it is final. Raises DisprovedError when that takes longer than the bridge says."""
        seen = await self.until(
            lambda: self.bet(reference),
            lambda bet: bet.state not in (State.PENDING, State.UNKNOWN),
            "the bet is decided",
        )
        assert isinstance(seen, Bet)
        return seen

    async def until(
        self, ask: Callable[[], Awaitable[Bet]], holds: Callable[[Bet], bool], what: str, within_s: float = 0.0
    ) -> Bet:
        """Asks again until it holds. Raises DisprovedError when it does not in time."""
        within_s = within_s or self.patience_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not holds(answer := await ask()):  # noqa: ASYNC110 - a bridge has no event for it
                    await asyncio.sleep(_LOOK_S)
                return answer
        raise DisprovedError(f"it did not come true within {within_s:.0f} s: {what}")

    # --- the operator's hook ------------------------------------------------------------------------------------

    async def have(self, verb: str, **given: str) -> str:
        """Has the hook do something. Raises NotRunError when it cannot."""
        try:
            return await self.hook.do(verb, **given)
        except CannotError as error:
            raise NotRunError(str(error)) from None

    async def offered(self, kind: wire.Status) -> Selection:
        """A selection whose bets the hook can have settled so; the usual one, where the hook names no other."""
        try:
            said = await self.hook.do("offer", kind=kind)
        except CannotError:
            return self.the_selection()
        try:
            return wire.decode(said.encode(), Selection)
        except ValueError as error:
            raise NotRunError(f"the hook prints no Selection: {error}") from None


def told(bet: Bet) -> str:
    """A bet's state; of a rejected one, why."""
    return f"{bet.state}: {bet.rejection.code}" if bet.rejection else bet.state


def new_reference() -> str:
    return str(uuid.uuid4())
