"""Orders: named before they leave, the same by the same reference, for the contract of their market."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Account, Instrument, NewQuote
from hedgerow.venues.predict_fun.auth import identity_of
from hedgerow.venues.predict_fun.orders import NO_END_S, TAKING_LIVES_S, OrderSigner
from hedgerow.venues.taking import Leg, TakeOrder

META = {"index": "1", "fee_rate_bps": "200", "neg_risk": "0", "yield_bearing": "0"}
INSTRUMENT = Instrument(VenueSlug("predict.fun"), "1111", "7", PriceGrid.probability(10_000), meta=META)
QUOTE = NewQuote("quote", INSTRUMENT, Side.BUY, Micros(520_000), Micros(10 * MICRO))
KEYS = {"private_key": "0x" + "11" * 32, "api_key": "key"}


def account(meta: dict[str, str] | None = None, **keys: str) -> Account:
    secrets = {name: Secret(text) for name, text in {**KEYS, **keys}.items() if text}
    return Account(1, "demo", "USD", secrets, meta or {})


@pytest.fixture
def signer() -> OrderSigner:
    return OrderSigner(identity_of(account()))


def data_of(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)["data"]
    return found


def test_an_order_is_named_alike_before_it_is_signed_and_by_another_process(signer: OrderSigner) -> None:
    signed = signer.sign(QUOTE)
    assert signed.order_hash == signer.order_hash(QUOTE) == OrderSigner(identity_of(account())).order_hash(QUOTE)
    assert data_of(signed.body)["order"]["hash"] == signed.order_hash
    assert signed.size == QUOTE.size


@pytest.mark.parametrize(
    "changes",
    [
        {"client_ref": "other"},
        {"price": Micros(530_000)},
        {"size": Micros(11 * MICRO)},
        {"side": Side.SELL},
        {"expires_at_ms": 1_790_000_000_000},
        {"instrument": replace(INSTRUMENT, ref="1112")},
        {"instrument": replace(INSTRUMENT, meta={**META, "fee_rate_bps": "100"})},
        {"instrument": replace(INSTRUMENT, meta={**META, "neg_risk": "1"})},
        {"instrument": replace(INSTRUMENT, meta={**META, "yield_bearing": "1"})},
    ],
)
def test_whatever_is_signed_is_in_the_name(signer: OrderSigner, changes: dict[str, Any]) -> None:
    assert signer.order_hash(replace(QUOTE, **changes)) != signer.order_hash(QUOTE)


def test_the_chain_and_the_account_are_in_the_name(signer: OrderSigner) -> None:
    others = [account({"chain_id": "97"}), account(predict_account="0x" + "d1" * 20)]
    names = {OrderSigner(identity_of(other)).order_hash(QUOTE) for other in others}
    assert len(names | {signer.order_hash(QUOTE)}) == 3


def test_an_end_is_kept_to_the_second_and_never_later_than_asked(signer: OrderSigner) -> None:
    ends = data_of(signer.sign(replace(QUOTE, expires_at_ms=1_790_000_000_999)).body)
    assert ends["order"]["expiration"] == "1790000000"
    assert data_of(signer.sign(QUOTE).body)["order"]["expiration"] == str(NO_END_S)


def test_a_quote_rests_and_trades_only_where_it_may(signer: OrderSigner) -> None:
    resting = data_of(signer.sign(QUOTE).body)
    assert (resting["strategy"], resting["isPostOnly"], resting["pricePerShare"]) == ("LIMIT", True, str(52 * 10**16))
    assert "isPostOnly" not in data_of(signer.sign(replace(QUOTE, post_only=False)).body)


def test_a_taking_order_is_the_same_until_it_is_sent_however_late(signer: OrderSigner) -> None:
    order = TakeOrder("bet", Leg(INSTRUMENT, Side.BUY), 570_000, 70 * MICRO, 560_000, is_whole=True)
    first, later = signer.sign_taking(order, 1_790_000_000), signer.sign_taking(order, 1_790_000_100)
    assert first == later
    data = data_of(first.body)
    assert (data["strategy"], data["isFillOrKill"], data["slippageBps"]) == ("MARKET", True, "0")
    assert data["order"]["expiration"] == str(1_790_000_000 + TAKING_LIVES_S)
    assert (data["order"]["makerAmount"], data["order"]["takerAmount"]) == (str(399 * 10**17), str(70 * 10**18))
    partial = signer.sign_taking(replace(order, reference="other", is_whole=False), 1_790_000_000)
    assert data_of(partial.body)["isFillOrKill"] is False


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"api_key": ""}, "no api_key"),
        ({"private_key": ""}, "no private_key"),
        ({"private_key": "0x12"}, "private key is not"),
        ({"predict_account": "0x12"}, "predict_account of demo"),
    ],
)
def test_wrong_credentials_stop_the_building_and_are_not_repeated(keys: dict[str, str], wrong: str) -> None:
    with pytest.raises(SetupError, match=wrong) as stopped:
        identity_of(account(None, **keys))
    assert "0x12" not in str(stopped.value)
