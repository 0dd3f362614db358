"""Whether our books and a simulated venue's own ledger say the same, to the last digit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

_LEAST_SHARE = Decimal("0.000001")

Ledger = Mapping[str, Any]
"""As `GET /sim/venues/{slug}/ledger` answers it; numbers are exact."""


@dataclass(frozen=True, slots=True)
class OurTrade:
    """One order with fills, or one accepted bet, as our database has it. Money in the venue's currency.

    fills: price and money at risk of each, in any order; the ledger's ids are the engine's, ours are those that the
    venue says on the wire. payout: None while it is not settled.
    """

    venue_ref: str
    matched: Decimal
    payout: Decimal | None
    settlement: str
    fills: Sequence[tuple[Decimal, Decimal]]
    cost: Decimal
    """What it took from the balance in all: the matched stake and the fees."""


def disagreements(ledger: Ledger, account: str, before: Decimal, ours: Sequence[OurTrade]) -> list[str]:
    """Everything in which the two differ, in words; empty when they agree.

    before: the account's balance at the venue before the first of these trades.
    """
    venue = str(ledger["venue"])
    is_exchange = ledger["kind"] == "exchange"
    entries = [_in_contracts(entry) if is_exchange else entry for entry in ledger["entries"]]
    theirs = {entry["id"]: entry for entry in entries if entry["account"] == account and entry["fills"]}
    known = {trade.venue_ref: trade for trade in ours}
    found = [f"{venue} has {ref}, which we do not know" for ref in theirs.keys() - known.keys()]
    found += [f"we have {ref}, which {venue} does not know" for ref in known.keys() - theirs.keys()]
    for ref in sorted(theirs.keys() & known.keys()):
        found += [f"{venue} {ref}: {what}" for what in _differences(theirs[ref], known[ref])]
    change = sum((trade.payout or Decimal(0)) - trade.cost for trade in ours)
    held = _held(entries, account)
    balance = Decimal(ledger["balances"][account])
    least = _LEAST_SHARE * sum(bool(entry.get("commission")) for entry in theirs.values())
    if abs(before + change - held - balance) > least:
        found.append(f"{venue}'s balance is {balance}, ours {before + change - held}")
    return found


def _differences(entry: Mapping[str, Any], trade: OurTrade) -> Iterable[str]:
    if Decimal(entry["matched"]) != trade.matched:
        yield f"matched {entry['matched']}, ours {trade.matched}"
    fills = sorted((Decimal(fill["price"]), Decimal(fill["stake"])) for fill in entry["fills"])
    if trade.fills and fills != sorted(trade.fills):
        yield f"fills {_text(fills)}, ours {_text(sorted(trade.fills))}"
    payout = None if entry["payout"] is None else Decimal(entry["payout"])
    if payout != trade.payout and not (entry.get("commission") and _is_near(payout, trade.payout)):
        yield f"payout {payout}, ours {trade.payout}"
    if (entry["settlement"] or "UNDECIDED") != trade.settlement:
        yield f"settlement {entry['settlement']}, ours {trade.settlement}"


def _in_contracts(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A bet at odds as the contracts that it is: at the price that names its odds, with the money at risk in place of
    the backer's stake. docs/decisions/0196-odds-as-contracts.md"""
    if entry.get("side") not in ("back", "lay"):
        return entry
    fills = [_fill_in_contracts(fill, lays=entry["side"] == "lay") for fill in entry["fills"]]
    own = _fill_in_contracts(entry, lays=entry["side"] == "lay")
    matched = sum((fill["stake"] for fill in fills), Decimal(0))
    return {**own, "fills": fills, "matched": matched}


def _fill_in_contracts(told: Mapping[str, Any], *, lays: bool) -> dict[str, Any]:
    odds, stake = Decimal(told["price"]), Decimal(told["stake"])
    price, laid = 1 / odds, stake * (odds - 1)
    if size := Decimal(told.get("size", 0)):
        # American odds have no end as decimals, and are told too low: the contracts say exactly what they stand for.
        price, laid = min(price, stake / size), size - stake
    price = price.quantize(_LEAST_SHARE, rounding=ROUND_DOWN)
    return {**told, "price": price, "stake": laid if lays else stake}


def _is_near(one: Decimal | None, other: Decimal | None) -> bool:
    """A commission is spread over bets to the micro by the venue, and by contract in our books."""
    return one is not None and other is not None and abs(one - other) <= _LEAST_SHARE


def _text(fills: Sequence[tuple[Decimal, Decimal]]) -> str:
    return ", ".join(f"{stake} at {price}" for price, stake in fills)


def _held(entries: Iterable[Mapping[str, Any]], account: str) -> Decimal:
    """What open orders hold back from the balance: nothing at the end of a replay, when nothing rests."""
    return sum(
        (
            Decimal(entry["stake"]) - Decimal(entry["matched"])
            for entry in entries
            if entry["account"] == account and entry["state"] == "open"
        ),
        Decimal(0),
    )
