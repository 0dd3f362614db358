"""What fuzzing found: payloads that once crashed a parser, or were read as what they do not say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fuzz.literals import Literal
from tests.fuzz.mutations import payload_of
from tests.fuzz.parsers import all_parsers
from tests.venues.mutated import changed

PARSERS = all_parsers()
_TOO_LARGE, _TOO_SMALL = Literal("1e400"), Literal("1e-400")

REFUSED: list[tuple[str, tuple[Any, ...], Any]] = [
    # Amounts that are none: a comparison with NaN raises what nobody catches, and an exponent stretches a number.
    *(("pinnacle bet", (member,), "NaN") for member in ("risk", "price")),
    *(("pinnacle bet", (member,), _TOO_LARGE) for member in ("risk", "price")),
    ("pinnacle bet", ("risk",), _TOO_SMALL),
    ("pinnacle placed", ("risk",), "sNaN"),
    ("pinnacle balance", ("availableBalance",), "NaN"),
    ("pinnacle balance", ("outstandingTransactions",), _TOO_LARGE),
    ("pinnacle line", ("maxRiskStake",), "Infinity"),
    ("pinnacle line", ("minRiskStake",), Literal("-1")),
    ("cloudbet line", ("maxStake",), "Infinity"),
    ("betfair funds", ("availableToBetBalance",), _TOO_LARGE),
    ("matchbook results", ("markets", 0, "selections", 0, "bets", 0, "profit-and-loss"), "NaN"),
    ("polymarket us listing", ("markets", 0, "feeCoefficient"), _TOO_SMALL),
    # Odds of 1 when what lies beyond six decimals is dropped.
    *(
        (name, member, Literal("1.0000005"))
        for name, member in (("pinnacle bet", ("price",)), ("singbet ticket", ("Odds",)))
    ),
    *((name, member, "1.0000005") for name, member in (("cloudbet bet", ("price",)), ("bridge quote", ("price",)))),
    ("bridge quote", ("minStake",), "-1"),
    # A side that is neither, which was taken for the other one.
    ("kalshi public books", ("msg", "side"), "YES"),
    # More filled than was ordered.
    ("polymarket order", ("original_size",), Literal("0")),
    ("predict.fun order", ("amount",), "0"),
    ("predict.fun wallet event", ("details", "quantity"), Literal("0")),
    ("smarkets order", ("quantity_filled_user_currency",), Literal("1000000")),
    ("smarkets placed", ("total_executed_quantity",), Literal("1000000")),
    # Fills of nothing, which the ledger cannot hold.
    ("novig fill", ("qty",), Literal("0")),
    ("betfair matches", ("matches", 0, "size"), _TOO_SMALL),
    ("polymarket trade", ("maker_orders", 0, "matched_amount"), "0"),
    ("4casters streamed fill", ("amount",), Literal("0")),
    ("4casters bet", ("bet",), Literal("0")),
    ("matchbook settled bets", ("markets", 0, "selections", 0, "bets", 0, "stake"), Literal("0")),
    # More paid than contracts can pay.
    ("kalshi taken", ("taker_fill_cost_dollars",), "10.00"),
    # Times that no datetime can have.
    ("betfair streamed order", ("pd",), Literal("10000000000000000")),
    ("kalshi placed", ("ts_ms",), Literal("10000000000000000")),
    ("polymarket streamed order", ("timestamp",), "10000000000000000"),
    *((f"predict.fun wallet {what}", ("timestamp",), Literal("10000000000000000")) for what in ("event", "fill")),
    # Stakes that an exponent stretches: the models of the API answer these.
    ("abp orders", ("orders", 0, "orderStake"), Literal("1e999999")),
    # A participant who does not play, who was taken for the one away, and two who are one.
    *((f"4casters {row}", ("participantID",), "4d48bd5198366d41ec7238da") for row in ("order", "bet")),
    ("4casters listing", ("participants", 1, "id"), "5d48bd5198366d41ec7238da"),
    ("betfair catalogue", ("description", "marketBaseRate"), _TOO_SMALL),
    # A commission that pays.
    *(("bridge settled bet", ("settlement", member), "-1") for member in ("commission", "returned")),
    # More commission than was won.
    ("matchbook results", ("markets", 0, "selections", 0, "bets", 0, "commission"), Literal("7.1")),
]


@pytest.mark.parametrize(("name", "place", "value"), REFUSED, ids=lambda one: str(one)[:40])
def test_what_was_misread_is_refused(name: str, place: tuple[Any, ...], value: Any) -> None:
    message = changed(PARSERS[name].seeds[0], place, value)
    assert not PARSERS[name].check(payload_of(message))


@pytest.mark.parametrize("member", ["size", "cents"])
def test_an_exponent_stretches_no_book(member: str) -> None:
    """A level of 11e-9999990 took seven seconds to be left out."""
    row = PARSERS["feed order book of a quote"]
    for seed in row.seeds:
        if isinstance(seed.get("lay"), list):
            row.check(payload_of(changed(seed, ("lay", 0, member), Literal("11e-9999990"))))


def test_a_market_has_no_handicap_that_no_game_has() -> None:
    row = PARSERS["feed market"]
    row.check(payload_of(changed(row.seeds[0], ("handicap",), _TOO_LARGE)))


def test_a_stake_of_many_digits_is_not_rounded_up() -> None:
    row = PARSERS["matchbook prices"]
    row.check(payload_of(changed(row.seeds[0], ("prices", 0, "available-amount"), Literal("0." + "3" * 50))))


def test_a_text_that_is_no_utf8_in_an_envelope_is_the_clients_fault() -> None:
    assert not PARSERS["fetch envelope"].check(b'{"method":"GET","body":"\xff"}')
