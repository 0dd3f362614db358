"""A simulated exchange's money and holdings: what orders set aside, what trades move, what ends pay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.orders import FUNDS, Account, Contract, Leg, Match, Order, Rejection, State, in_yes_terms

_NEITHER_WON_NOR_LOST = (SettlementStatus.VOID, SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST)


class FeeRule(Protocol):
    """The venue's fee in micros of one fill."""

    def __call__(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """price: in YES terms."""
        ...


def free(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    """The fee rule of a venue that takes none."""
    return 0


class Funds:
    """Accounts, and which open order claims what of them."""

    def __init__(
        self,
        *,
        nets_pairs: bool,
        closing_is_free: bool,
        fee: FeeRule,
        void_pays: Callable[[Contract], int] | None,
        withholds: FeeRule | None,
    ) -> None:
        """See `Exchange`."""
        self.accounts: dict[str, Account] = {}
        self._nets_pairs, self._fee, self._void_pays, self._withholds = nets_pairs, fee, void_pays, withholds
        self._pairs_in_advance = nets_pairs and closing_is_free
        self._open: dict[tuple[str, str], dict[str, Order]] = {}  # by (account, contract)

    def clear(self) -> None:
        """Forgets which orders are open; the accounts stay."""
        self._open.clear()

    # --- what is free ----------------------------------------------------------------------------------------

    def free_cash(self, account: str) -> int:
        owner = self.accounts[account]
        return owner.cash - owner.reserved

    def free_holding(self, account: str, contract: Contract, leg: Leg) -> int:
        """Contracts held that no resting sale has claimed."""
        claimed = sum(o.closes for o in self._open_on(account, contract) if o.closing_leg is leg)
        return self._position(account, contract, leg) - claimed

    def is_covered(self, order: Order) -> bool:
        """Whether the order's account still holds what it has sold and what its resting orders claim."""
        if order.account not in self.accounts:
            return True
        holds = all(self.free_holding(order.account, order.contract, leg) >= 0 for leg in Leg)
        return holds and self.free_cash(order.account) >= 0

    # --- what orders set aside -------------------------------------------------------------------------------

    def check(self, order: Order, *, needs_holding: bool) -> None:
        """Raises Rejection where the account cannot pay for a new order, or has not what it would sell."""
        if order.account not in self.accounts:
            return
        closing = self.free_holding(order.account, order.contract, order.closing_leg)
        if needs_holding and order.side is Side.SELL:
            if closing < order.size:
                raise Rejection(FUNDS, "not enough contracts")
            order.closes = order.size
        elif self._pairs_in_advance:
            order.closes = min(closing, order.size)
        if self._cost(order, order.price, order.remaining) > self.free_cash(order.account):
            raise Rejection(FUNDS)

    def check_change(self, order: Order, price: int, remaining: int) -> None:
        """Raises Rejection where the account cannot pay for an open order at another price or size."""
        if order.account not in self.accounts:
            return
        more = self._cost(order, price, remaining) - order.reserved
        if more > self.free_cash(order.account):
            raise Rejection(FUNDS)

    def open(self, order: Order) -> None:
        """The order sets money aside from now on."""
        self._open.setdefault((order.account, order.contract.ref), {})[order.id] = order
        self.reserve(order)

    def close(self, order: Order) -> None:
        """The order is over: what it claimed goes to those that are open."""
        self._open.get((order.account, order.contract.ref), {}).pop(order.id, None)
        order.closes = 0
        self.reserve(order)
        self.claim(order.account, order.contract)

    def reserve(self, order: Order) -> None:
        """Brings the money that the order sets aside up to date."""
        account = self.accounts.get(order.account)
        if account is None:
            return
        is_open = order.id in self._open.get((order.account, order.contract.ref), {})
        cost = self._cost(order, order.price, order.remaining) if is_open else 0
        account.reserved += cost - order.reserved
        order.reserved = cost

    def claim(self, account: str, contract: Contract) -> None:
        """Shares the account's position out anew among the orders that would close it, oldest first.

        Where pairs are paid out, any trade of the contract can use up what an older order meant to close.
        """
        if account not in self.accounts:
            return
        left = {leg: self._position(account, contract, leg) for leg in Leg}
        for order in self._open_on(account, contract):
            if self._pairs_in_advance:
                leg = order.closing_leg
                order.closes = min(left[leg], order.remaining)
                left[leg] -= order.closes
            else:
                order.closes = min(order.closes, order.remaining)
            self.reserve(order)

    # --- what trades move ------------------------------------------------------------------------------------

    def fee(self, order: Order, yes_price: int, size: int, *, is_maker: bool) -> int:
        """Micros of money that a fill of the order costs."""
        return self._fee(order.contract, yes_price, size, is_maker=is_maker) if self._pays_money(order) else 0

    def kept(self, order: Order, price: int, size: int, *, is_maker: bool) -> int:
        """Contracts that the exchange keeps of a fill."""
        if self._withholds is None or order.side is Side.SELL or order.account not in self.accounts:
            return 0
        return self._withholds(order.contract, price, size, is_maker=is_maker)

    def move(self, order: Order, match: Match, sign: int) -> None:
        """Moves the money and contracts of a fill (sign 1), or back again (-1)."""
        account = self.accounts.get(order.account)
        if account is None:
            return
        ref = order.contract.ref
        account.cash -= sign * (order.at_risk(match.price, match.size) + match.fee)
        if match.closed and not self._nets_pairs:
            account.held[ref, order.leg] -= sign * match.closed
            _advance(account, ref, account.advance.get(ref, 0) + sign * match.closed)
            return
        gains = Leg.YES if order.is_bid else Leg.NO
        account.held[ref, gains] = account.held.get((ref, gains), 0) + sign * (match.size - match.withheld)
        if self._nets_pairs:
            _advance(account, ref, min(account.held.get((ref, leg), 0) for leg in Leg))

    # --- what ends pay ---------------------------------------------------------------------------------------

    def recall_advances(self, contract: Contract) -> None:
        """Takes back what the contract has paid before its end: then every order is paid as if it had been kept."""
        for account in self.accounts.values():
            account.cash -= account.advance.pop(contract.ref, 0)

    def pay(self, order: Order, result: SettlementStatus) -> None:
        """Pays the matched part of an order for its contract's result; again: corrects what was paid."""
        seen = result if order.is_bid else result.mirrored
        brought = order.filled - sum(match.withheld for match in order.fills)
        if self._void_pays is not None and seen in _NEITHER_WON_NOR_LOST:
            value = self._void_pays(order.contract)
            payout = brought * (value if order.is_bid else MICRO - value) // MICRO
        else:
            payout = _payout(seen, brought, order.paid)
        self.accounts[order.account].cash += payout - order.payout
        order.payout, order.settlement, order.state = payout, seen, State.SETTLED

    def end_positions(self, contract: Contract) -> None:
        """Nobody holds a contract that is decided."""
        for account in self.accounts.values():
            for leg in Leg:
                account.held.pop((contract.ref, leg), None)

    # --- inside ----------------------------------------------------------------------------------------------

    def _open_on(self, account: str, contract: Contract) -> Iterable[Order]:
        return self._open.get((account, contract.ref), {}).values()

    def _position(self, account: str, contract: Contract, leg: Leg) -> int:
        """Contracts of the leg that the account still has: what was paid out as a pair is gone."""
        owner = self.accounts[account]
        paired = owner.advance.get(contract.ref, 0) if self._nets_pairs else 0
        return owner.held.get((contract.ref, leg), 0) - paired

    def _cost(self, order: Order, price: int, remaining: int) -> int:
        """Money that the rest of the order reserves at a price, its fees included."""
        if order.account not in self.accounts:
            return 0
        opens = max(0, remaining - order.closes)
        fee = self.fee(order, in_yes_terms(order.leg, price), remaining, is_maker=False)
        return order.at_risk(price, opens, up=True) + fee

    def _pays_money(self, order: Order) -> bool:
        """Whether the fees of the order's fills are money."""
        return order.account in self.accounts and (self._withholds is None or order.side is Side.SELL)


def _advance(account: Account, ref: str, whole: int) -> None:
    account.cash += whole - account.advance.get(ref, 0)
    account.advance[ref] = whole


def _payout(seen: SettlementStatus, size: int, stake: int) -> int:
    match seen:
        case SettlementStatus.WON:
            return size
        case SettlementStatus.VOID:
            return stake
        case SettlementStatus.HALF_WON:
            return (size + stake) // 2
        case SettlementStatus.HALF_LOST:
            return stake // 2
        case _:
            return 0
