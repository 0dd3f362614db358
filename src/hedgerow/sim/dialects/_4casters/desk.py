"""The order desk: what an order must look like, how its stake becomes contracts, and how it is cancelled.

`bet` is the stake of the order's own side and stays what it is when the order meets better odds, so the contracts are
counted here against what stands in the book. Source: the venue's page on placing orders (types, rules, texts of its
examples; the other texts are ours).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from hedgerow.core.american_grid import stake_and_profit
from hedgerow.core.money import MICRO, InexactAmountError, micros
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects._4casters.door import Denial
from hedgerow.sim.dialects._4casters.engine import facing, ladder, offer_id, request_id
from hedgerow.sim.dialects._4casters.listings import Game, Listings
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import CLOSED, CROSSES, FUNDS, SCRIPTED, Contract, Leg, Order, OrderKind, Rejection

VALIDATION, LIABILITY, RULES = "validation_error", "rejected_liability", "rejected_order_type_rules"

OFFERED, REFERENCE = "offered", "userReference"
"""What an order's `extra` has: the stake of what rests (or waits) of it, in micros, and the client's reference."""

_LEAST, _RESIDUAL = MICRO, 10 * MICRO
"""The least stake is a guess. What of an all-or-nothing order is left may be so much."""

_TYPES = ("limit", "post", "fillAndKill", "fillOrKill")


class NewOrder(msgspec.Struct, rename="camel"):
    """One of `orders`."""

    game_id: str = msgspec.field(name="gameID")
    type: str
    side: str
    odds: int
    bet: Decimal
    market: str | None = None
    number: Decimal | None = None
    order_type: str = "limit"
    expiration_minutes: int | None = None
    user_reference: str | None = None


class Submission(msgspec.Struct):
    """POST /session/v3/place."""

    orders: list[NewOrder]


class FailedOrder(Exception):  # noqa: N818
    """An order that is not taken."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


@dataclass(frozen=True, slots=True)
class _Met:
    """What a stake finds in the book: contracts, and the stake that is left. Micros."""

    contracts: int
    left: int


def purchase(stake: int, levels: Iterable[tuple[int, int]]) -> _Met:
    """Contracts for a stake at the odds of the taker's side and the contracts that stand there, the best first. Only
    whole parts are taken, so that neither side is left with less than a millionth."""
    contracts = 0
    for american, size in levels:
        staked, won = stake_and_profit(american)
        parts = min(stake // staked, size // (staked + won))
        contracts += parts * (staked + won)
        stake -= parts * staked
        if parts * (staked + won) < size:
            break
    return _Met(contracts, stake)


class Desk:
    """Orders of all accounts."""

    def __init__(self, exchange: Exchange, listings: Listings, clock: WorldClock) -> None:
        self._exchange, self._listings, self._clock = exchange, listings, clock

    # --- placing ---------------------------------------------------------------------------------------------

    def place(self, account: str, wanted: NewOrder) -> Order:
        """Raises FailedOrder."""
        game = self._listings.games.get(wanted.game_id)
        found = None if game is None else game.find(wanted.type, wanted.side, wanted.market)
        if game is None:
            raise FailedOrder(VALIDATION, "game not found: invalid gameID")
        if found is None:
            raise FailedOrder(VALIDATION, "invalid side")
        if wanted.order_type not in _TYPES:
            raise FailedOrder(VALIDATION, "invalid orderType")
        if game.has_ended:
            raise FailedOrder(VALIDATION, "game is not active")
        contract, side = found
        price = ladder().at(wanted.odds if side is Side.BUY else facing(wanted.odds))
        if price is None:
            raise FailedOrder(VALIDATION, "invalid odds")
        stake, minutes = _stake(wanted.bet), wanted.expiration_minutes
        if minutes is not None and minutes < 1:
            raise FailedOrder(VALIDATION, "invalid expirationMinutes")
        met = purchase(stake, self._against(contract, side, price))
        size, kind, rests = _sized(wanted, met)
        now_ms = self._clock.now_ms()
        try:
            return self._exchange.place(
                account,
                contract,
                Leg.YES,
                side,
                price,
                size,
                reference=self._reference(account, wanted.user_reference),
                kind=kind,
                post_only=wanted.order_type == "post",
                expires_ms=None if minutes is None else now_ms + minutes * 60_000,
                delay_s=game.live_delay_s if met.contracts else 0,
                extra={OFFERED: rests or stake, REFERENCE: wanted.user_reference},
            )
        except Rejection as rejection:
            raise self._failure(rejection, account) from None

    def _against(self, contract: Contract, side: Side, price: int) -> list[tuple[int, int]]:
        """What stands within a price, in the odds of who takes it."""
        grid, is_buyer = ladder(), side is Side.BUY
        levels = self._exchange.book(contract).levels(is_bid=not is_buyer)
        good = [(p, size) for p, size in levels if (p <= price if is_buyer else p >= price)]
        return [(grid.american_of(p) if is_buyer else facing(grid.american_of(p)), size) for p, size in good]

    def _reference(self, account: str, given: str | None) -> str:
        """The engine's: it takes none twice, the venue does."""
        is_free = given and self._exchange.find(account, given) is None
        return given if given and is_free else f"order {len(self._exchange.orders) + 1}"

    def _failure(self, rejection: Rejection, account: str) -> FailedOrder:
        match rejection.why:
            case why if why == FUNDS:
                free = self._exchange.free_cash(account)
                return FailedOrder(LIABILITY, f"Insufficient balance. You have ${free / MICRO:.2f} available.")
            case why if why == CROSSES:
                return FailedOrder(RULES, "post order cannot have matches")
            case why if why == CLOSED:
                return FailedOrder(VALIDATION, "game is not active")
            case why if why == SCRIPTED:
                return FailedOrder(VALIDATION, str(rejection) if str(rejection) != SCRIPTED else "order not accepted")
            case _:
                return FailedOrder(VALIDATION, "invalid bet")

    # --- cancelling ------------------------------------------------------------------------------------------

    def cancel(self, account: str, session_id: str) -> Order:
        """Raises Denial: 400 for no id, 403 for another's order, 409 for one that does not rest (any more)."""
        order = self._exchange.orders.get(request_id(session_id))
        if order is None or offer_id(order) != session_id:
            raise Denial(400, "Invalid order id")
        if order.account != account:
            raise Denial(403, "Not your order")
        if not self._exchange.cancel(order, "user"):
            raise Denial(409, "Order could not be cancelled")
        return order

    def cancel_some(
        self, account: str, game: Game | None = None, references: Iterable[str] | None = None
    ) -> list[Order]:
        """Those of the account that rest, of a game or with references where they are named."""
        wanted = None if references is None else set(references)
        return [
            order
            for order in self._exchange.open_orders(account)
            if (game is None or self._listings.of(order.contract) is game)
            and (wanted is None or order.extra[REFERENCE] in wanted)
            and self._exchange.cancel(order, "user")
        ]

    def clear_game(self, game: Game) -> None:
        """The game starts."""
        for account in self._exchange.accounts:
            self.cancel_some(account, game)


def _stake(bet: Decimal) -> int:
    try:
        stake = micros(bet)
    except InexactAmountError:
        raise FailedOrder(VALIDATION, "invalid bet") from None
    if stake < _LEAST:
        raise FailedOrder(VALIDATION, "bet must be at least 1")
    return stake


def _sized(wanted: NewOrder, met: _Met) -> tuple[int, OrderKind, int]:
    """Contracts, how long the order lives, and the stake that will rest. Raises FailedOrder."""
    staked, won = stake_and_profit(wanted.odds)
    rest = met.left // staked
    match wanted.order_type:
        case "post" if met.contracts:
            raise FailedOrder(RULES, "post order cannot have matches")
        case "fillAndKill" if not met.contracts:
            raise FailedOrder(RULES, "fill and kill has no matches")
        case "fillOrKill" if not met.contracts:
            raise FailedOrder(RULES, "fill or kill has no matches")
        case "fillOrKill" if met.left > _RESIDUAL:
            raise FailedOrder(RULES, "fill or kill matched but not fully")
        case "fillAndKill" | "fillOrKill":
            return met.contracts, OrderKind.IMMEDIATE, 0
    return met.contracts + rest * (staked + won), OrderKind.RESTS, rest * staked
