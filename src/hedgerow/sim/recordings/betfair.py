"""Plays Betfair historic stream files: `.bz2`, `.gz` or plain; BASIC (last prices only), ADVANCED and PRO (depth),
self-recorded.

A file is looked through once before it is played: what is in it, which market can be played, whether every line is
whole. Then it is read again, line by line, in bounded memory. How the market becomes a bookmaker's odds and takers is
docs/decisions/0015; the rule itself is `odds_rule`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from hedgerow.core.clock import NS_PER_MS
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InputError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import micros_floor
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.events import (
    FixtureEvent,
    Price,
    ReplayEvent,
    SettleEvent,
    Summary,
    TradeEvent,
)
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.betfair_book import RunnerState, Trade
from hedgerow.sim.recordings.betfair_market import (
    CATEGORY_NAME,
    CLOSED,
    OPEN,
    WINNER,
    Identity,
    Listed,
    choose,
    identify,
    market_of,
    outcomes_of,
    start_of,
    two_runners,
)
from hedgerow.sim.recordings.betfair_wire import Definition, MarketChange, decode_message, decode_outline
from hedgerow.sim.recordings.files import Line, is_bzip2, lines
from hedgerow.sim.recordings.odds_rule import (
    DEFAULT_MARGIN,
    LIMIT_WITHOUT_DEPTH,
    fair,
    limit_of_depth,
    two_way_odds,
)
from hedgerow.sim.recordings.voice import BookmakerVoice

MOST_MARKETS = 10_000

_M = TypeVar("_M")


class BetfairRecording:
    """One market of one file."""

    def __init__(
        self,
        path: Path,
        catalogue: Catalogue,
        *,
        market: str | None = None,
        margin: Decimal = DEFAULT_MARGIN,
        bookmaker: str = "pinnacle",
    ) -> None:
        """market: the id of the one to play; None: the first that can be. Raises InputError."""
        self.messages_read = 0
        self._path, self._catalogue, self._margin, self._bookmaker = path, catalogue, margin, bookmaker
        look = _look_through(path)
        try:
            self._listed = choose(look.markets, catalogue, market)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        self._identity = identify(self._listed, _names_beside(path, self._listed.market_id))
        self.summary = Summary(
            file=str(path),
            kind="betfair",
            title=" v ".join(self._identity.participants),
            market=self._listed.market_id,
            fixture_ids=(self._identity.fixture_id,),
            first_ns=self._listed.first_ms * NS_PER_MS,
            last_ns=self._listed.last_ms * NS_PER_MS,
            messages=look.messages,
            settles=self._listed.settles,
            warnings=_warnings(look, self._listed),
        )

    def events(self) -> Iterator[ReplayEvent]:
        """See `sim.events.Recording`."""
        market = _MarketPlay(self._listed, self._identity, self._catalogue, self._margin, self._bookmaker)
        self.messages_read = 0
        at_ms = 0
        for line, message in _decoded(self._path, decode_message):
            self.messages_read += 1
            at_ms = max(at_ms, message.pt)  # publish times of a file that was put together can step back
            for change in message.mc or ():
                if change.id == self._listed.market_id:
                    yield from market.apply(change, at_ms * NS_PER_MS, line.number)


class _MarketPlay:
    """Turns the market's changes into events."""

    def __init__(
        self, listed: Listed, identity: Identity, catalogue: Catalogue, margin: Decimal, bookmaker: str
    ) -> None:
        self._identity, self._margin = identity, margin
        self._market_id = listed.market_id
        runners = two_runners(listed.definition)
        market = market_of(listed.definition, catalogue)
        if market is None:
            raise AssertionError(f"{listed.market_id} was chosen and cannot be played")
        self._outcomes = outcomes_of(runners, market)
        self._runners = {runner.id: RunnerState() for runner in runners}
        self._definition: Definition | None = None
        self._has_depth = False
        self._turning = False  # in play since this very message: nothing is open before the next
        self._said_fixture: tuple[int, int] | None = None
        self._voice = BookmakerVoice(identity.fixture_id, bookmaker)

    def apply(self, change: MarketChange, at_ns: int, number: int) -> Iterator[ReplayEvent]:
        """One change of the market: state first, then odds, then who traded, then the result."""
        if change.img:
            for state in self._runners.values():
                state.clear()
        turned = self._define(change.market_definition)
        trades = self._take_in(change, number)
        if self._definition is None:
            return
        yield from self._fixture(self._definition, at_ns)
        self._turning = turned or (self._turning and not change.rc)
        yield from self._voice.say(at_ns, self._prices() if self._is_open() else None)
        yield from (self._trade(runner, trade, at_ns) for runner, trade in trades)
        if change.market_definition is not None and self._definition.status == CLOSED:
            yield self._result(self._definition, at_ns)

    def _define(self, definition: Definition | None) -> bool:
        """Takes a definition in; whether it turns the market in play."""
        if definition is None:
            return False
        before, self._definition = self._definition, definition
        return before is not None and definition.in_play and not before.in_play

    def _take_in(self, change: MarketChange, number: int) -> list[tuple[int, Trade]]:
        trades = []
        for runner in change.rc or ():
            state = self._runners.get(runner.id)
            if state is not None:
                self._has_depth |= any((runner.atb, runner.atl, runner.batb, runner.batl))
                found = state.apply(runner, number, is_image=bool(change.img))
                trades += [(runner.id, trade) for trade in found]
        return trades

    def _fixture(self, definition: Definition, at_ns: int) -> Iterator[ReplayEvent]:
        status = 2 if definition.status == CLOSED else int(definition.in_play)
        start = start_of(definition, self._market_id)
        if self._said_fixture != (status, start) and status != 2:  # the end is said with the result
            self._said_fixture = status, start
            first, second = self._identity.participants
            yield FixtureEvent(
                at_ns,
                self._identity.fixture_id,
                self._identity.sport_id,
                self._identity.tournament_id,
                self._identity.tournament_name,
                CATEGORY_NAME,
                first,
                second,
                start,
                status,
            )

    def _is_open(self) -> bool:
        return self._definition is not None and self._definition.status == OPEN and not self._turning

    def _prices(self) -> list[Price] | None:
        states = list(self._runners.values())
        chances = fair(states[0].book(), states[1].book(), depth_is_recorded=self._has_depth)
        odds = two_way_odds(chances, self._margin) if chances is not None else None
        if odds is None:
            return None
        return [
            Price(self._key(runner), price, limit_of_depth(state.depth()) if self._has_depth else LIMIT_WITHOUT_DEPTH)
            for (runner, state), price in zip(self._runners.items(), odds, strict=True)
        ]

    def _trade(self, runner: int, trade: Trade, at_ns: int) -> TradeEvent:
        probability = micros_floor(1 / trade.odds)
        return TradeEvent(at_ns, self._key(runner), probability, micros_floor(trade.payout), trade.side)

    def _result(self, definition: Definition, at_ns: int) -> SettleEvent:
        won = {runner.id for runner in definition.runners if runner.status == WINNER}
        return SettleEvent(
            at_ns,
            self._identity.fixture_id,
            {
                outcome: SettlementStatus.WON if runner in won else SettlementStatus.LOST
                for runner, outcome in self._outcomes.items()
            },
        )

    def _key(self, runner: int) -> OutcomeKey:
        return OutcomeKey(self._identity.fixture_id, self._outcomes[runner])


class _Look:
    """What a first pass through a file finds."""

    def __init__(self) -> None:
        self.messages = 0
        self.market_messages = 0
        self.torn_lines = 0
        self.markets: dict[str, Listed] = {}


def _look_through(path: Path) -> _Look:
    """Reads the whole file once. Raises InputError for an empty, damaged or foreign one."""
    look = _Look()
    last = 0
    for line, outline in _decoded(path, decode_outline, look):
        last = line.number
        look.messages += 1
        look.market_messages += outline.op == "mcm"
        for change in outline.mc or ():
            listed = look.markets.get(change.id)
            if listed is not None:
                listed.last_ms = max(listed.last_ms, outline.pt)
                listed.definition = change.market_definition or listed.definition
            elif change.market_definition is not None:
                look.markets[change.id] = Listed(change.id, change.market_definition, outline.pt, outline.pt)
                if len(look.markets) > MOST_MARKETS:
                    raise InputError(f"{path}, line {last}: more than {MOST_MARKETS} markets in one file")
    if not look.messages:
        raise InputError(f"{path}: the file is empty")
    if not look.market_messages:
        raise InputError(f"{path}: not a market recording: none of its {last} lines is a market message (op mcm)")
    return look


def _decoded(path: Path, decode: Callable[[bytes], _M], look: _Look | None = None) -> Iterator[tuple[Line, _M]]:
    """Every line's message. A last line that a self-recorder did not finish is left out and counted."""
    may_be_torn = not is_bzip2(path)  # Betfair's own files are finished
    for line in lines(path):
        try:
            message = decode(line.data)
        except UNREADABLE as error:
            if may_be_torn and not line.is_whole and line.number > 1:
                if look is not None:
                    look.torn_lines += 1
                return
            raise InputError(f"{path}, line {line.number}: not a message of a market recording ({error})") from None
        yield line, message


def _warnings(look: _Look, listed: Listed) -> tuple[str, ...]:
    warnings = []
    if look.torn_lines:
        warnings.append(f"{look.torn_lines} line at the end was cut and is left out")
    if len(look.markets) > 1:
        warnings.append(f"the file has {len(look.markets)} markets; {listed.market_id} is played")
    if not listed.settles:
        warnings.append("the recording ends before the result: nothing is settled")
    return tuple(warnings)


class _CatalogueRunner(msgspec.Struct, rename="camel"):
    selection_id: int
    runner_name: str


class _CatalogueEntry(msgspec.Struct, rename="camel"):
    """An entry of `listMarketCatalogue`, as recorders store it beside the recording."""

    runners: list[_CatalogueRunner] = []


def _names_beside(path: Path, market_id: str) -> Mapping[int, str]:
    """Runner names from `<market id>.json` in the recording's folder, where there is one."""
    beside = path.with_name(f"{market_id}.json")
    if beside == path or not beside.is_file():
        return {}
    try:
        entry = msgspec.json.decode(beside.read_bytes(), type=_CatalogueEntry)
    except (OSError, *UNREADABLE) as error:
        raise InputError(f"{beside}: not a market catalogue entry ({error})") from None
    return {runner.selection_id: runner.runner_name for runner in entry.runners}
