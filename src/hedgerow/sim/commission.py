"""Commission on net winnings: a share of what an account won in a market, taken when the market is decided.

The engine pays orders by their contracts; this takes the commission out again, spread over the orders that won in the
order in which they were placed, each a whole number of micros. Source: the terms of betting exchanges, as the sheets of
Smarkets and Betfair have them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedgerow.core.money import MICRO, spread
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import COMMISSION, Contract, Order


def taken_of(order: Order) -> int:
    """What an order's payout is short of. Micros."""
    taken: int = order.extra.get(COMMISSION, 0)
    return taken


def charge(
    exchange: Exchange, orders: Iterable[Order], rate: Decimal, unit: int, paid_anew: Contract
) -> dict[str, int]:
    """Charges a decided market, or charges it anew; answers what each account with fills in it is charged. Micros.

    orders: of all accounts in the market; unit: the whole is rounded up to a multiple of so many micros; paid_anew:
    the contract whose orders the engine has just paid, without commission.
    """
    by_account: dict[str, list[Order]] = {}
    for order in orders:
        if order.fills and order.account in exchange.accounts:
            _give_back(exchange, order, is_due=order.contract is not paid_anew)
            by_account.setdefault(order.account, []).append(order)
    return {account: _charge_account(exchange, account, own, rate, unit) for account, own in by_account.items()}


def _charge_account(exchange: Exchange, account: str, orders: list[Order], rate: Decimal, unit: int) -> int:
    profits = [(order, order.payout - sum(order.at_risk(m.price, m.size) for m in order.fills)) for order in orders]
    net = sum(profit for _, profit in profits)
    if net <= 0:
        return 0
    whole = -(-net * int(rate * MICRO) // (MICRO * unit)) * unit
    winners = [(order, profit) for order, profit in profits if profit > 0]
    for (order, _), share in zip(winners, spread(whole, [profit for _, profit in winners]), strict=True):
        order.extra[COMMISSION] = share
        order.payout -= share
    exchange.accounts[account].cash -= whole
    return whole


def _give_back(exchange: Exchange, order: Order, *, is_due: bool) -> None:
    taken = taken_of(order)
    if is_due:
        exchange.accounts[order.account].cash += taken
        order.payout += taken
    order.extra[COMMISSION] = 0
