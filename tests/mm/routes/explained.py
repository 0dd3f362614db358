"""A quote's price and size, worked out again from the answer of `GET /orders/{orderId}/explain` alone.

Written from docs/market-making.md, "Working a quote out again": nothing of the product is used here, so that one wrong
belief cannot pass alone. Everything is in whole millionths, as the page says.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Any

ONE = 1_000_000
_TRILLIONTH = Decimal("1e-12")
_NOISE = Decimal("1e-16")
"""Digits after these are those of the method's own rounding."""


def requoted(row: dict[str, Any]) -> tuple[Decimal, Decimal, str]:
    """Price, size, and the name of what bound the size, of one derivation."""
    price = _price(row)
    size, bound_by = _size(row, price)
    return Decimal(price) / ONE, Decimal(size) / ONE, bound_by


def millionths(number: Decimal) -> int:
    exact = Decimal(number) * ONE
    assert exact == exact.to_integral_value()
    return int(exact)


def _down(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_FLOOR))


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _inverse(odds: Decimal) -> int:
    return _up(ONE / Decimal(odds))


# --- the price -------------------------------------------------------------------------------------------------------


def worth(row: dict[str, Any]) -> int:
    """What the contract is worth before edge, inventory, fees and ticks."""
    why, buys = row["why"], row["side"] == "buy"
    own, outcomes = why["pricing"]["outcomeId"], why["pricing"]["outcomes"]
    odds = {offer["outcomeId"]: offer["odds"] for offer in why["odds"]}
    if why["mode"] == "fair_value":
        asked = odds | {o["outcomeId"]: o["beforeCommission"] for o in why["odds"] if "beforeCommission" in o}
        fair = _fair([asked[outcome] for outcome in outcomes], why["margin"])[outcomes.index(own)]
        fair = fair.quantize(_NOISE).quantize(_TRILLIONTH, ROUND_FLOOR)
        return _down(fair * ONE) if buys else _up((fair + _TRILLIONTH) * ONE)
    others = [odds[outcome] for outcome in outcomes if outcome != own and outcome in odds]
    left = ONE - sum(map(_inverse, others))
    if buys:
        return min(left, _inverse(odds[own])) if own in odds else left
    return max(left, _inverse(odds[own])) if len(others) == len(outcomes) - 1 else _inverse(odds[own])


def _fair(odds: list[Decimal], margin: str) -> list[Decimal]:
    with localcontext() as context:
        context.prec = 40
        inverse = [1 / Decimal(one) for one in odds]
        total, count = sum(inverse, Decimal(0)), len(inverse)
        if margin == "multiplicative":
            return [q / total for q in inverse]
        if margin == "additive":
            return [q - (total - 1) / count for q in inverse]
        low, high = (Decimal(1), Decimal(100)) if margin == "power" else (Decimal(0), Decimal(1))
        for _ in range(120):
            middle = (low + high) / 2
            if sum(_bent(inverse, middle, margin)) > 1:
                low = middle
            else:
                high = middle
        return _bent(inverse, high, margin)


def _bent(inverse: list[Decimal], by: Decimal, margin: str) -> list[Decimal]:
    if margin == "power":
        return [q**by for q in inverse]
    total = sum(inverse, Decimal(0))
    return [((by * by + 4 * (1 - by) * q * q / total).sqrt() - by) / (2 * (1 - by)) for q in inverse]


def _skew(why: dict[str, Any]) -> int:
    if "skew" not in why:
        return 0
    own, paid = why["pricing"]["outcomeId"], why["pricing"]["payouts"]
    others = [millionths(amount) for outcome, amount in paid.items() if outcome != str(own)]
    ahead = millionths(paid[str(own)]) * len(others) - sum(others)
    skew, full = millionths(why["skew"]), millionths(why["fullInventory"])
    by = min(skew, skew * abs(ahead) // (full * len(others)))
    return -by if ahead > 0 else by


def _price(row: dict[str, Any]) -> int:
    why, steps, buys = row["why"], row["why"]["pricing"], row["side"] == "buy"
    least_or_most, shift = worth(row), _skew(why)
    safe = millionths(steps["safePrice"])
    proved = safe
    if why["mode"] != "fair_value":
        proved = min(least_or_most, safe) if buys else max(least_or_most, safe)
    if why["mode"] == "fair_value":
        edge = millionths(why["edge"])
        least_or_most += shift + (-edge if buys else edge)
    elif (shift < 0) == buys:
        least_or_most += shift
    ticks = steps["priceTicks"] * 10_000
    limit = min(min(least_or_most, safe) - ticks, proved) if buys else max(max(least_or_most, safe) + ticks, proved)
    assert limit == millionths(steps["beforeFees"])
    good = [
        price
        for price in _grid(steps)
        if (price + _fee(steps, price) <= limit if buys else price - _fee(steps, ONE - price) >= limit)
    ]
    return max(good) if buys else min(good)


def _grid(steps: dict[str, Any]) -> set[int]:
    if "rungs" in steps:
        return {_down(ONE / Decimal(odds)) for odds in steps["rungs"]}
    return {
        price
        for band in steps["grid"]
        for price in range(millionths(band["start"]), millionths(band["end"]) + 1, millionths(band["step"]))
    }


def _fee(steps: dict[str, Any], cost: int) -> int:
    """Of one contract that costs so much."""
    fee = steps["makerFee"]
    rate, exponent, unit = (Decimal(fee[name]) for name in ("rate", "exponent", "unit"))
    chance = Decimal(cost) / ONE
    charged = 1 - chance if fee["onWinnings"] else (chance * (1 - chance)) ** int(exponent)
    return _up(rate * charged / unit) * millionths(unit)


# --- the size --------------------------------------------------------------------------------------------------------


def _size(row: dict[str, Any], price: int) -> tuple[int, str]:
    why, steps = row["why"], row["why"]["sizing"]
    risk = price if row["side"] == "buy" else ONE - price
    legs = why["legs"]
    ratio = millionths(steps["limitRatio"])
    caps = {
        "hedge limit × limitRatio": min(
            max(
                0,
                millionths(leg["limitUsd"]) * ratio // ONE * millionths(leg["odds"]) // ONE - millionths(leg["drawn"]),
            )
            // leg["sharers"]
            for leg in legs
        ),
        "hedge account's balance": millionths(steps["hedgeCash"])
        // steps["hedgeCashShare"]
        * ONE
        // sum(_inverse(leg["odds"]) for leg in legs)
        // max(leg["sharers"] for leg in legs),
        "exchange account's balance": millionths(steps["exchangeCash"]) * ONE // risk,
    }
    if "stakeCap" in steps:
        caps[steps["stakeCap"]] = millionths(steps["stakeLeft"]) * ONE // risk
    assert caps == {cap["name"]: millionths(cap["contracts"]) for cap in steps["caps"]}
    bound_by = min(caps, key=lambda name: caps[name])
    size = caps[bound_by] // millionths(steps["lot"]) * millionths(steps["lot"])
    assert size >= _least(why)
    return size + millionths(steps["filled"]), bound_by


def _least(why: dict[str, Any]) -> int:
    steps = why["sizing"]
    longest = max(millionths(leg["odds"]) for leg in why["legs"])
    hedge = -(-millionths(steps["minimumStake"]) * longest // ONE)
    least = max(millionths(steps["minimumSize"]), hedge)
    assert least == millionths(steps["least"])
    return least
