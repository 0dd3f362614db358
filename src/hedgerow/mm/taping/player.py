"""Plays an engine's tape: the same engine, told the same in the same turns, must say the same.

Nothing of the outside is there: `played` stands for it. What the engine says is compared, turn by turn and byte by
byte, with what it said then.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from hedgerow.core.errors import InputError
from hedgerow.core.ids import ClientName
from hedgerow.core.tape import Record, TapeReader
from hedgerow.core.tasks import spawn, stop
from hedgerow.execution.guard import Breakers
from hedgerow.mm.desks import Desk
from hedgerow.mm.engine import Engine
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Slot
from hedgerow.mm.recovery import Recovery
from hedgerow.mm.repository import Repository
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.codec import decode
from hedgerow.mm.taping.played import Diverged, NoJournal, NoShares, Played, PlayedPrices, Silent
from hedgerow.mm.taping.taped import (
    TapedEngine,
    TapedHedger,
    TapedLedger,
    TapedNumbers,
    TapedPlacement,
    TapedReads,
)
from hedgerow.mm.taping.taped_lane import TapedLane
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import Account, Bookmaker, Exchange

_QUIET_TURNS = 4
"""Rounds of the event loop after a turn: its task goes on in the first, what that starts comes to its first wait in
the second. Twice that is the margin."""


@dataclass(slots=True)
class Verdict:
    """What a replay found. The digests are SHA-256 of the decisions, each a line of JSON."""

    turns: int = 0
    decisions: int = 0
    recorded: str = ""
    replayed: str = ""
    first_difference: tuple[str, str] | None = None  # as recorded, as replayed; "" where there was none
    is_cut: bool = False

    @property
    def is_same(self) -> bool:
        return self.first_difference is None


class Replay:
    """One engine, as its process began it, and what it is told."""

    engine: Engine
    hedger: Hedger
    prices: PlayedPrices
    _ledger: FillLedger
    _numbers: OrderNumbers

    def __init__(self, facts: told.EngineFacts, turns: Played) -> None:
        self._turns = turns
        self.prices = PlayedPrices()
        clock = turns.clock
        database = cast(Database, None)  # nothing is read or written
        repository, bets = Repository(database, clock), Bets(database, clock)
        self._ledger = TapedLedger(turns, database, repository, bets)
        self._ledger.shares = NoShares(repository, lambda _: False)
        placement = TapedPlacement(turns, database, bets, Breakers(clock), clock)
        hedger = TapedHedger(turns, self._ledger, placement, clock, max_drift=facts.max_drift, is_live=lambda _: False)
        self.hedger, self._open_bets = hedger, hedger.open_bets
        self.engine = TapedEngine(
            turns,
            self.prices,
            self.hedger,
            self._ledger,
            NoJournal(repository),
            clock,
            minimum_stake=self.hedger.desks.minimum_stake,
            hysteresis=facts.hysteresis,
        )
        self._numbers = TapedNumbers(turns)
        self._lanes: dict[int, Lane] = {}
        self._reads = TapedReads(turns, repository, bets)
        self._work: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await self._turns.close()
        await stop(*self._work)

    # --- states ------------------------------------------------------------------------------------------------

    def take_client(self, facts: told.ClientFacts) -> None:
        trader = self.engine.traders.get(facts.name)
        if trader is None:
            trader = self.engine.traders[facts.name] = Trader(facts.name, facts.bookmaker, facts.state)
        trader.state = facts.state
        trader.tournaments = {found.tournament_id: found.settings() for found in facts.tournaments}
        trader.denied, trader.policy = set(facts.denied), facts.policy.policy()
        trader.max_outcome_stake = dict(facts.max_outcome_stake)
        trader.set_caps()
        for desk in facts.desks:
            self._take_desk(facts.name, desk)
        self.hedger.desks.review(trader)

    def _take_desk(self, client: ClientName, facts: told.DeskFacts) -> None:
        desk = self.hedger.desks.find(client, facts.account_id)
        account = Account(facts.account_id, "", facts.currency, {}, facts.meta)
        if desk is None:
            desk = Desk(self._bookmaker(client, facts), account, facts.per_usd)
            self.hedger.add_desk(client, desk)
        desk.account, desk.per_usd, desk.rank, desk.is_active = account, facts.per_usd, facts.rank, facts.is_active

    def _bookmaker(self, client: ClientName, facts: told.DeskFacts) -> Bookmaker:
        return cast(Bookmaker, Silent(facts.venue.manifest()))

    def take_lane(self, facts: told.LaneFacts) -> None:
        exchange = cast(Exchange, Silent(facts.venue.manifest()))
        lane = TapedLane(
            self._turns, facts.account_id, exchange, self.engine, self._turns.clock, self._numbers, facts.tag
        )
        self._lanes[facts.account_id] = lane
        self.engine.traders[facts.client].lanes.append(lane)

    # --- turns -------------------------------------------------------------------------------------------------

    def tell(self, kind: str, message: msgspec.Struct) -> None:  # noqa: C901 - one case for each kind of turn
        """Raises Diverged where that cannot be told to this engine."""
        engine = self.engine
        try:
            match message:
                case told.MarketAdded():
                    engine.add_market(self._market(message))
                case told.PlaceAdded():
                    self._add_place(message)
                case told.MarketNamed(client=client, key=key) if kind == "drop":
                    engine.drop_market(engine.traders[client].markets[key])
                case told.MarketNamed(client=client, key=key):
                    engine.look_at(engine.traders[client].markets[key])
                case told.Relisted():
                    engine.relist(self._lanes[message.account_id], message.instrument, is_open=message.is_open)
                case told.OddsChanged():
                    engine.odds_changed(message.bookmaker, message.keys)
                case told.ClientNamed(client=name) if kind == "look all":
                    engine.look_at_all(None if name is None else engine.traders[name])
                case told.ClientNamed(client=name) if name is not None:
                    engine.review_stops(engine.traders[name])
                case told.CashRead():
                    engine.set_cash(self._lanes[message.account_id], message.cash)
                case told.HedgeCashRead():
                    engine.set_hedge_cash(engine.traders[message.client], message.account_id, message.free)
                case told.CancelledByHand():
                    self._cancel(message)
                case told.Event():
                    event = message.order or message.fill or message.gap or message.market
                    if event is not None:
                        self._lanes[message.account_id]._event(event)
                case told.Decided():
                    bet = self._open_bets[message.reference]
                    message.take(bet, self.hedger.covers)
                    self._spawn(self.hedger._decided(bet))
                case told.CalledOff():
                    market = engine.traders[message.client].markets[message.key]
                    self.hedger.called_off(market, message.outcome_id, message.covers)
                case told.Answered():
                    self._turns.end(message)
                case told.Begun():
                    self._begin(message)
                case told.Nothing() if kind == "plan no more":
                    self.hedger.plan_no_more()
                case told.Nothing():
                    self.hedger.halt()
        except (KeyError, AttributeError) as error:
            raise Diverged(f"{kind}: {error} is not known") from error

    def _market(self, added: told.MarketAdded) -> TradedMarket:
        return TradedMarket(
            self.engine.traders[added.client],
            added.key,
            added.outcomes,
            added.sport_id,
            added.tournament_id,
            added.market_type,
            Exposure(added.outcomes),
            added.line,
        )

    def _add_place(self, added: told.PlaceAdded) -> None:
        market = self.engine.traders[added.client].markets[added.key]
        slot = Slot(added.instrument, added.side, added.outcome_id, is_listed=added.is_listed, is_open=added.is_open)
        self.engine.add_place(market, self._lanes[added.account_id], slot)

    def _cancel(self, cancelled: told.CancelledByHand) -> None:
        lane = self._lanes[cancelled.account_id]
        order = lane.order(cancelled.order_id)
        if (slot := lane.slot_of(order)) is not None:
            self.engine.cancel_by_hand(lane, slot, order, cancelled.held_until_ms)

    def _begin(self, begun: told.Begun) -> None:
        """Work of the engine's own waits to begin; what others begin is begun here."""
        if not self._turns.is_waited_for(begun.key):
            self._spawn(self._begun(begun))
        else:
            self._turns.release(begun.key)

    async def _begun(self, begun: told.Begun) -> None:
        asyncio.get_running_loop().call_soon(self._turns.release, begun.key)
        what, _, account_id = begun.key.partition(" ")
        if what == "recovery":
            await self._recover(begun.key)
            return
        lane = self._lanes[int(account_id)]
        match what:
            case "open":
                await lane.open(begun.known_until_ms)
            case "resync":
                await lane.resync()
            case "strays":
                await lane.cancel_strays()
            case "close":
                await lane.close(cancels=False)
            case "replace":
                await lane.replace(cast(Exchange, Silent(lane.exchange.manifest)))

    async def _recover(self, key: str) -> None:
        await self._turns.begin(key)
        now_ms = self._turns.clock.now_ms()
        await Recovery(self._reads, self._reads, self.engine, self._ledger, self.hedger, now_ms).run()

    def _spawn(self, work: Any) -> None:
        task = spawn(work, "replay")
        self._work.add(task)
        task.add_done_callback(self._work.discard)


@dataclass(slots=True)
class _Turn:
    record: Record
    decisions: list[bytes] = field(default_factory=list)


class Comparison:
    """Plays a tape and compares."""

    def __init__(self, log: BinaryIO | None = None) -> None:
        """log: takes every decision of the replay, a line each."""
        self._turns = Played()
        self._replay: Replay | None = None
        self._verdict, self._log = Verdict(), log
        self._recorded, self._replayed = hashlib.sha256(), hashlib.sha256()

    async def run(self, records: Iterable[Record]) -> Verdict:
        """To the end of the tape, or of what can be compared."""
        turn: _Turn | None = None
        try:
            for record in records:
                if record.k == told.DECIDED:
                    if turn is not None:
                        turn.decisions.append(bytes(record.d))
                elif record.k in told.VALUES:
                    self._take_value(decode(record.d, told.VALUES[record.k]))
                else:
                    if turn is not None:
                        await self._play(turn)
                    turn = await self._next(record)
                if self._verdict.first_difference is not None:
                    break
            else:
                if turn is not None:
                    await self._play(turn)
        finally:
            if self._replay is not None:
                await self._replay.close()
        self._verdict.recorded, self._verdict.replayed = self._recorded.hexdigest(), self._replayed.hexdigest()
        return self._verdict

    async def _next(self, record: Record) -> _Turn | None:
        """A state counts at once; a turn when all that was read in it is known."""
        if record.k in told.TURNS:
            return _Turn(record)
        if record.k not in told.STATES:
            raise InputError(f"a tape of an engine has no record of kind {record.k!r}")
        match decode(record.d, told.STATES[record.k]):
            case told.EngineFacts() as facts:
                if self._replay is not None:
                    await self._replay.close()
                self._turns = Played()
                self._replay = Replay(facts, self._turns)
            case told.ClientFacts() as facts:
                self._engine.take_client(facts)
            case told.LaneFacts() as facts:
                self._engine.take_lane(facts)
        return None

    @property
    def _engine(self) -> Replay:
        if self._replay is None:
            raise InputError("the tape does not begin with an engine")
        return self._replay

    def _take_value(self, value: msgspec.Struct) -> None:
        match value:
            case told.Offered():
                self._engine.prices.take(value)
            case told.Drawn():
                self._turns.drawable.setdefault(value.what, deque()).append(value.value)

    async def _play(self, turn: _Turn) -> None:
        self._turns.now_ns = turn.record.t
        self._verdict.turns += 1
        try:
            self._engine.tell(turn.record.k, decode(turn.record.d, told.TURNS[turn.record.k]))
            for _ in range(_QUIET_TURNS):
                await asyncio.sleep(0)
        except Diverged as error:
            self._verdict.first_difference = (turn.record.k, str(error))
            return
        said, self._turns.said = self._turns.said, []
        self._compare(turn.decisions, said)

    def _compare(self, recorded: list[bytes], replayed: list[bytes]) -> None:
        for line in recorded:
            self._recorded.update(line + b"\n")
        for line in replayed:
            self._replayed.update(line + b"\n")
            if self._log is not None:
                self._log.write(line + b"\n")
        self._verdict.decisions += len(replayed)
        for number in range(max(len(recorded), len(replayed))):
            then = recorded[number].decode() if number < len(recorded) else ""
            now = replayed[number].decode() if number < len(replayed) else ""
            if then != now:
                self._verdict.first_difference = then, now
                return


async def replay(path: Path, log: BinaryIO | None = None) -> Verdict:
    """Plays a tape. Raises InputError when it is none of an engine."""
    reader = TapeReader(path)
    if reader.header.kind != told.KIND:
        raise InputError(f"{path}: a tape of kind {reader.header.kind}, not {told.KIND}")
    verdict = await Comparison(log).run(reader.records())
    verdict.is_cut = reader.cut
    return verdict
