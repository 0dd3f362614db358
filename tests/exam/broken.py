"""Connectors with one fault each, put around the real ones."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import Micros
from hedgerow.core.states import BetStatus, FillState, SettlementStatus
from hedgerow.exam.runner import Candidate
from hedgerow.venues.base import (
    Balance,
    BetIntent,
    BetRef,
    BetReport,
    EventSink,
    ExchangeEvent,
    Fill,
    Instrument,
    LiveLine,
    NewQuote,
    OrderRef,
    OrderState,
    Resolution,
    StreamGap,
    VenueContext,
)


class Whole:
    """Does everything as the real connector; a fault overrides one method."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def with_fault(slug: str, fault: Callable[[Any], Any]) -> Candidate:
    """The venue's candidate, with the fault around each of its connectors."""
    candidate = Candidate.of(slug)

    def around(build: Callable[[VenueContext], Any] | None) -> Callable[[VenueContext], Any] | None:
        return build and (lambda context: fault(build(context)))

    return replace(candidate, exchange=around(candidate.exchange), bookmaker=around(candidate.bookmaker))


# --- exchanges ---------------------------------------------------------------------------------------------------


class SendsAgain(Whole):
    """Takes silence for failure and places the order a second time, under another reference."""

    async def place(self, quote: NewQuote) -> OrderState:
        try:
            return await self.real.place(quote)
        except InDoubt:
            return await self.real.place(replace(quote, client_ref=f"{quote.client_ref}-again"))


class RefusesInDoubt(Whole):
    """Says that the venue refused when nobody answered."""

    async def place(self, quote: Any) -> Any:
        try:
            return await self.real.place(quote)
        except InDoubt as error:
            raise Refused(error.venue, error.operation, error.message, reason=Reason.OTHER) from None


class SwallowsRefusals(Whole):
    """Says that an order rests which the venue refused."""

    async def place(self, quote: NewQuote) -> OrderState:
        try:
            return await self.real.place(quote)
        except Refused:
            known = await self.real.working()
            return known[0] if known else None


class SaysGoneTooEarly(Whole):
    """Takes "not there yet" for "never arrived"."""

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        return await _or_none(self.real.find_order(ref))

    async def find(self, ref: BetRef) -> BetReport | None:
        return await _or_none(self.real.find(ref))


class WrongBalance(Whole):
    """Has a cent more than the account."""

    async def balance(self) -> Balance:
        told = await self.real.balance()
        return replace(told, free=told.free + Decimal("0.01"))


class HoldsNothing(Whole):
    """Says that all the account's money is free."""

    async def balance(self) -> Balance:
        told = await self.real.balance()
        return replace(told, free=told.free + told.held, held=Decimal(0))


class ForgetsOneThatRests(Whole):
    """Leaves the last order out of the list."""

    async def working(self) -> list[OrderState]:
        return (await self.real.working())[:-1]


class RoundsThePrice(Whole):
    """Puts a price that the venue would refuse on the grid, unasked."""

    async def place(self, quote: NewQuote) -> OrderState:
        return await self.real.place(replace(quote, price=quote.instrument.grid.floor(quote.price)))


class DropsPostOnly(Whole):
    """Takes liquidity where it was told not to."""

    async def place(self, quote: NewQuote) -> OrderState:
        return await self.real.place(replace(quote, post_only=False))


class CancelsQuietly(Whole):
    """Says that a cancel was done which the venue refused."""

    async def cancel(self, ref: OrderRef) -> OrderState | None:
        try:
            return await self.real.cancel(ref)
        except Refused:
            return None


class CancelsOnlyOne(Whole):
    """Cancels the first of all."""

    async def cancel_all(self) -> None:
        state, *_ = await self.real.working()
        await self.real.cancel(OrderRef(_instrument_of(self.real), state.client_ref, state.venue_ref))


class ListsAllFills(Whole):
    """Does not heed the time that is asked for."""

    async def fills(self, since_ms: int) -> list[Fill]:
        return await self.real.fills(0)


class ForgetsFees(Whole):
    """Says that every trade was free."""

    async def fills(self, since_ms: int) -> list[Fill]:
        return [replace(fill, fee=Micros(0)) for fill in await self.real.fills(since_ms)]


class EmptyWhenDown(Whole):
    """Takes a venue that does not answer for one where nothing rests."""

    async def working(self) -> list[OrderState]:
        try:
            return await self.real.working()
        except Unavailable:
            return []


class AlwaysWon(Whole):
    """Says of every contract that is over that it won."""

    async def resolutions(self, instruments: list[Instrument]) -> list[Resolution]:
        found = await self.real.resolutions(instruments)
        return [replace(end, status=SettlementStatus.WON, payout_per_contract=Decimal(1)) for end in found]


class HurriesOn(Whole):
    """Does not say when a venue that is busy may be asked again."""

    async def place(self, quote: NewQuote) -> OrderState:
        try:
            return await self.real.place(quote)
        except Unavailable as error:
            raise Unavailable(error.venue, error.operation, error.message) from None


class MisnamesAuth(Whole):
    """Does not tell a wrong key from any other refusal."""

    async def open(self, *sink: EventSink) -> None:
        try:
            await self.real.open(*sink)
        except Refused as error:
            raise Refused(error.venue, error.operation, error.message, reason=Reason.OTHER) from None


class Listens(Whole):
    """Changes what the stream says; a fault overrides `heard`."""

    async def open(self, sink: EventSink) -> None:
        def hear(event: ExchangeEvent) -> None:
            for passed in self.heard(event):
                sink(passed)

        await self.real.open(hear)

    def heard(self, event: ExchangeEvent) -> list[ExchangeEvent]:
        raise NotImplementedError


class IgnoresTakersFills(Listens):
    """Does not hear of the fills of orders that met another."""

    def heard(self, event: ExchangeEvent) -> list[ExchangeEvent]:
        return [] if isinstance(event, Fill) and not event.is_maker else [event]


class CountsFillsAnew(Listens):
    """Gives each fill that is told a name of its own."""

    told = 0

    def heard(self, event: ExchangeEvent) -> list[ExchangeEvent]:
        if not isinstance(event, Fill):
            return [event]
        self.told += 1
        return [replace(event, trade_ref=f"{event.trade_ref}-{self.told}")]


class HidesGaps(Listens):
    """Does not say that the stream was cut."""

    def heard(self, event: ExchangeEvent) -> list[ExchangeEvent]:
        return [] if isinstance(event, StreamGap) else [event]


class KeepsReversedFills(Listens):
    """Does not hear that a trade was taken back."""

    def heard(self, event: ExchangeEvent) -> list[ExchangeEvent]:
        return [] if isinstance(event, Fill) and event.state is FillState.REVERSED else [event]


class HasNoPulse(Whole):
    """Never serves the dead-man's switch."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        real._heart.start = lambda: None


class Faints(Whole):
    """Beats once, and never again."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        real._heart._post = self._beat(real._heart._post)

    def _beat(self, send: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        sent: list[bytes] = []

        async def beat(body: bytes) -> Any:
            sent.append(body)
            if len(sent) > 2:  # the first is refused with the id that is expected
                raise Unavailable("venue", "heartbeat", "fainted")
            return await send(body)

        return beat


# --- bookmakers --------------------------------------------------------------------------------------------------


class BetsAgain(Whole):
    """Takes silence for failure and bets a second time, under another reference."""

    async def place(self, bet: BetIntent) -> BetReport:
        try:
            return await self.real.place(bet)
        except InDoubt:
            again = f"{(int(bet.reference[0], 16) + 1) % 16:x}{bet.reference[1:]}"
            return await self.real.place(replace(bet, reference=again))


class ConfirmsRefusedBets(Whole):
    """Says that a bet was taken which the bookmaker refused."""

    async def place(self, bet: BetIntent) -> BetReport:
        try:
            return await self.real.place(bet)
        except Refused:
            return BetReport(bet.reference, BetStatus.CONFIRMED, odds=bet.odds, stake=bet.stake)


class TellsTheOddsItAskedFor(Whole):
    """Reports the odds and the stake of the request, not those that were taken."""

    async def place(self, bet: BetIntent) -> BetReport:
        return replace(await self.real.place(bet), odds=bet.odds, stake=bet.stake)


class ConfirmsWhatWaits(Whole):
    """Takes "accepted with a delay" for "accepted"."""

    async def place(self, bet: BetIntent) -> BetReport:
        report = await self.real.place(bet)
        return replace(report, status=BetStatus.CONFIRMED)


class ForgetsTheFence(Whole):
    """Takes "not known" for "never will be"."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        real._fenced = self._gone

    async def _gone(self, reference: str) -> None:
        return None


class PaysAStakeTooLittle(Whole):
    """Leaves the stake out of the payout."""

    async def settled(self, since_ms: int) -> list[BetReport]:
        reports = await self.real.settled(since_ms)
        return [replace(report, payout=max(Decimal(0), report.payout - report.stake)) for report in reports]


class StopsAtTheFirstPage(Whole):
    """Reads two settled bets and no more."""

    async def settled(self, since_ms: int) -> list[BetReport]:
        return (await self.real.settled(since_ms))[:2]


class KnowsNoLimits(Whole):
    """Says that any stake is taken."""

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        line = await self.real.line(market_ref, outcome_ref, outcome)
        return line and replace(line, max_stake=Decimal(10**6))


async def _or_none(asked: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await asked
    except CannotTell:
        return None


def _instrument_of(real: Any) -> Instrument:
    """An instrument for a reference whose order is named by the venue's id."""
    return Instrument(real.manifest.slug, "", "", None)  # type: ignore[arg-type]
