"""Requests as they leave, held against those that users of betfair_parser recorded (data/betfair/samples)."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.betfair_ex.ladder import CENT, LADDER
from hedgerow.venues.betfair_ex.orders import PLACE, cancel_params, place_params, take_params
from hedgerow.venues.taking import Leg, TakeOrder

Sample = Callable[[str], dict[str, Any]]

INSTRUMENT = Instrument(VenueSlug("betfair-ex"), "1.118298866:9350380", "1.118298866", LADDER, CENT, 0)


@pytest.fixture
def sample(shared: Callable[[str], Path]) -> Sample:
    def read(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            shared(f"data/betfair/samples/betfair_parser/requests/betting/{name}.json").read_text()
        )
        return found

    return read


def sent(params: Any) -> dict[str, Any]:
    """As they are on the wire, numbers as Decimals."""
    text = msgspec.json.Encoder(decimal_format="number").encode(params)
    found: dict[str, Any] = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return found


def quote(odds: int, stake_cents: int, side: Side = Side.BUY) -> NewQuote:
    price = LADDER.price_of(odds)
    assert price is not None
    size = Micros(stake_cents * LADDER.lot_at(price, CENT))
    return NewQuote("344", INSTRUMENT, side, price, size)


def test_a_quote_has_the_fields_of_a_recorded_placement(sample: Sample) -> None:
    recorded = sample("place_orders_lapse")
    ours = sent(place_params(quote(1_000_000_000, 300)))
    (theirs,), (own,) = recorded["params"]["instructions"], ours["instructions"]
    assert recorded["method"] == PLACE
    assert (ours["marketId"], ours["customerRef"]) == (
        recorded["params"]["marketId"],
        recorded["params"]["customerRef"],
    )
    assert {name: own[name] for name in ("orderType", "selectionId", "side")} == {
        name: theirs[name] for name in ("orderType", "selectionId", "side")
    }
    limit = theirs["limitOrder"]
    assert own["limitOrder"] == {
        "persistenceType": limit["persistenceType"],
        "price": Decimal(limit["price"]),
        "size": Decimal(3),
    }


def test_a_cancel_is_the_recorded_one_without_its_reference(sample: Sample) -> None:
    params = sample("cancel_orders")["params"]
    del params["customerRef"]
    assert sent(cancel_params("1.179082386:1", "228302937743")) == params


def test_a_lay_names_the_backers_stake() -> None:
    (own,) = sent(place_params(quote(1_930_000, 1_000, Side.SELL)))["instructions"]
    assert (own["side"], own["limitOrder"]["size"], own["limitOrder"]["price"]) == ("LAY", 10, Decimal("1.93"))


@pytest.mark.parametrize(
    ("is_whole", "limit"),
    [(True, {"timeInForce": "FILL_OR_KILL"}), (False, {"timeInForce": "FILL_OR_KILL", "minFillSize": 3})],
)
def test_a_bet_never_rests(is_whole: bool, limit: dict[str, Any]) -> None:
    price = LADDER.price_of(2_000_000)
    assert price is not None
    order = TakeOrder("344", Leg(INSTRUMENT, Side.BUY), price, 20_000_000, price, is_whole)
    (own,) = sent(take_params(order))["instructions"]
    assert own["limitOrder"] == limit | {"size": 10, "price": 2}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(500_001)}, Reason.PRICE),
        ({"size": Micros(20_000_001)}, Reason.INVALID),
        ({"size": Micros(5_980_000)}, Reason.LIMIT),
        ({"client_ref": "x" * 33}, Reason.INVALID),
        ({"client_ref": "0" * 32}, Reason.INVALID),
        ({"client_ref": "a b"}, Reason.INVALID),
    ],
)
def test_what_the_venue_would_not_take_never_leaves(changes: dict[str, Any], reason: Reason) -> None:
    good = {"client_ref": "344", "price": Micros(500_000), "size": Micros(20_000_000)} | changes
    with pytest.raises(Refused) as caught:
        place_params(NewQuote(instrument=INSTRUMENT, side=Side.BUY, **good))
    assert caught.value.reason is reason
