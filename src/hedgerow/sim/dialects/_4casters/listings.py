"""What is listed: a game for every match of the world, with the market of its winner.

Two results share one book: backing the away participant is selling the home one's contract. In soccer each of three
outcomes has a book of its own, with `yes` and `no`. Source: the venue's pages on games and on placing orders.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.states import Side
from hedgerow.sim.dialects._4casters.engine import ladder
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import CANCELLED, FINISHED, Fixture

SPORTS = {
    10: ("soccer", "EPL"),
    11: ("basketball", "NBA"),
    12: ("tennis", "ATP"),
    13: ("baseball", "MLB"),
    14: ("football", "NFL"),
    15: ("hockey", "NHL"),
    20: ("mma", "UFCMMA"),
}
"""The venue's sport and league by the feed's sport."""

MONEYLINE, THREE_WAY = "moneyline", "moneyline1x2"
_SOCCER, _DRAW = 10, "draw"
_OVER = (FINISHED, CANCELLED)
_LIVE_DELAYS_S = {"NFL": 3, "UFCMMA": 3, "NBA": 5, "ATP": 8}
_OTHER_DELAY_S = 10


@dataclass(slots=True, eq=False)
class Game:
    """A match. contracts: by what their YES is about, a participant's id or `draw`."""

    id: str
    fixture: Fixture
    home_id: str
    away_id: str
    contracts: dict[str, Contract] = field(default_factory=dict)

    @property
    def sport(self) -> str:
        return SPORTS[self.fixture.sport_id][0]

    @property
    def league(self) -> str:
        return SPORTS[self.fixture.sport_id][1]

    @property
    def type(self) -> str:
        return THREE_WAY if self.fixture.sport_id == _SOCCER else MONEYLINE

    @property
    def has_ended(self) -> bool:
        decided = any(contract.result is not None for contract in self.contracts.values())
        return decided or self.fixture.status_id in _OVER

    @property
    def live_delay_s(self) -> int:
        """How long an order that would match waits."""
        return _LIVE_DELAYS_S.get(self.league, _OTHER_DELAY_S) if self.fixture.live else 0

    def find(self, kind: str, side: str, market: str | None) -> tuple[Contract, Side] | None:
        """The book of a bet, and whether it buys or sells there; None for a bet that the game does not have."""
        if kind != self.type:
            return None
        if kind == THREE_WAY:
            contract = self.contracts.get(market or "")
            way = {"yes": Side.BUY, "no": Side.SELL}.get(side)
            return None if contract is None or way is None else (contract, way)
        ways = {self.home_id: Side.BUY, self.away_id: Side.SELL}
        return (self.contracts[self.home_id], ways[side]) if side in ways else None

    def side_of(self, contract: Contract, *, is_buyer: bool) -> dict[str, str]:
        """What a bet in a book backs, in the words of lists: `participantID`, or `market` and `side`."""
        about = next(name for name, known in self.contracts.items() if known is contract)
        if self.type == THREE_WAY:
            return {"market": about, "side": "yes" if is_buyer else "no"}
        return {"participantID": self.home_id if is_buyer else self.away_id}


class Listings:
    """All games, in the order of their listing."""

    def __init__(self, catalogue: Catalogue, exchange: Exchange) -> None:
        self.games: dict[str, Game] = {}
        self._catalogue, self._exchange = catalogue, exchange
        self._by_fixture: dict[FixtureId, Game] = {}
        self._by_contract: dict[str, Game] = {}

    def clear(self) -> None:
        self.games.clear()
        self._by_fixture.clear()
        self._by_contract.clear()

    def of(self, contract: Contract) -> Game:
        return self._by_contract[contract.ref]

    def follow(self, fixture: Fixture) -> Game | None:
        """Lists a new match, or takes over what changed in a listed one; the game, where the match has one."""
        game = self._by_fixture.get(fixture.fixture_id)
        if game is None:
            return None if fixture.status_id in _OVER else self._list(fixture)
        game.fixture = fixture
        for contract in game.contracts.values():
            self._exchange.set_open(contract, fixture.status_id not in _OVER)
        return game

    def _list(self, fixture: Fixture) -> Game | None:
        is_soccer = fixture.sport_id == _SOCCER
        market = self._catalogue.regular_result(_SOCCER) if is_soccer else self._catalogue.winner(fixture.sport_id)
        if market is None or fixture.sport_id not in SPORTS:
            return None
        home, away = (object_id("participant", name) for name in (fixture.participant1_name, fixture.participant2_name))
        game = Game(object_id("game", fixture.fixture_id), fixture, home, away)
        self.games[game.id] = self._by_fixture[fixture.fixture_id] = game
        outcomes = [OutcomeKey(fixture.fixture_id, outcome) for outcome in market.outcomes]
        key = MarketKey(fixture.fixture_id, market.market_id)
        if is_soccer:
            for about, outcome in zip((home, _DRAW, away), outcomes, strict=True):
                self._add(game, about, Contract(f"{game.id}/1x2/{about}", key, outcome, None, ladder(), 1, 1))
        else:
            contract = Contract(f"{game.id}/{home}", key, outcomes[0], outcomes[1], ladder(), 1, 1)
            contract.names = contract.ref, f"{game.id}/{away}"
            self._add(game, home, contract)
        return game

    def _add(self, game: Game, about: str, contract: Contract) -> None:
        if not contract.names[0]:
            contract.names = contract.ref, ""
        game.contracts[about] = contract
        self._by_contract[contract.ref] = game
        self._exchange.add_contract(contract)


def object_id(*parts: str) -> str:
    """24 hex digits, the same in every world."""
    return hashlib.sha256(":".join(("4casters", *parts)).encode()).hexdigest()[:24]
