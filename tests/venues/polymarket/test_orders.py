"""What makes an order's id, and what does not. Published ids and signatures are in test_vectors.py."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.polymarket.orders import (
    DEPLOYMENTS,
    Contracts,
    Maker,
    OrderSigner,
    SignatureType,
    deployment_of,
    is_position,
    lifetime_of,
    salt_and_timestamp,
)
from hedgerow.venues.signing import Wallet
from hedgerow.venues.taking import Leg, TakeOrder

WALLET = Wallet(Secret("0x" + "11" * 32))
DEPOSIT_WALLET = "0x" + "d1" * 20
POSITION = "452312848583266388373324160190188725767665729173398192604801819570776047617"
Quotes = Callable[..., NewQuote]


def signer(signature_type: SignatureType = SignatureType.EOA, version: int = 2, owner: str = "key") -> OrderSigner:
    funder = WALLET.address if signature_type is SignatureType.EOA else DEPOSIT_WALLET
    named = funder if signature_type is SignatureType.POLY_1271 else WALLET.address
    deployment = deployment_of(version, {})
    assert deployment is not None
    return OrderSigner(WALLET, Maker(funder, named, signature_type, owner), Contracts(deployment))


@pytest.mark.parametrize("signature_type", list(SignatureType))
def test_id_is_the_same_before_and_after_signing(quote: Quotes, signature_type: SignatureType) -> None:
    made = signer(signature_type)
    assert made.sign(quote()).order_id == made.order_id(quote())


def test_id_is_the_same_in_another_process(quote: Quotes) -> None:
    assert signer(owner="first").order_id(quote()) == signer(owner="second").order_id(quote())


@pytest.mark.parametrize(
    "change",
    [
        {"ref": "another"},
        {"side": Side.SELL},
        {"price": 530_000},
        {"size": 10_010_000},
    ],
)
def test_each_term_changes_the_id(quote: Quotes, change: dict[str, Any]) -> None:
    assert signer().order_id(quote(**change)) != signer().order_id(quote())


def test_lifetime_is_not_part_of_the_id(quote: Quotes) -> None:
    assert signer().order_id(quote(post_only=False, expires_at_ms=1_800_000_000_000)) == signer().order_id(quote())


def test_neg_risk_markets_and_positions_have_contracts_of_their_own(quote: Quotes) -> None:
    plain = quote().instrument
    neg_risk = dataclasses.replace(plain, meta={"neg_risk": "1"})
    position = dataclasses.replace(plain, ref=POSITION)
    ids = {signer().order_id(quote(instrument=listed)) for listed in (plain, neg_risk, position)}
    assert len(ids) == 3


def test_position_is_told_by_its_empty_middle() -> None:
    assert is_position(POSITION)
    assert not is_position(str(int(POSITION) | 1 << 40))
    assert not is_position(str(int(POSITION) | 1 << 103))
    assert is_position(str(int(POSITION) | 1 << 104))


def test_body_says_what_was_asked(quote: Quotes) -> None:
    order = signer(SignatureType.POLY_1271, owner='a "quoted" %s key')
    body = json.loads(order.sign(quote(side=Side.SELL, expires_at_ms=1_800_000_000_999)).body)
    assert body["order"] | {"signature": "", "salt": 0} == {
        "salt": 0,
        "maker": DEPOSIT_WALLET,
        "signer": DEPOSIT_WALLET,
        "tokenId": quote().instrument.ref,
        "makerAmount": "10000000",
        "takerAmount": "5200000",
        "side": "SELL",
        "expiration": "1800000060",
        "signatureType": 3,
        "timestamp": str(salt_and_timestamp(quote().client_ref)[1]),
        "metadata": "0x" + "00" * 32,
        "builder": "0x" + "00" * 32,
        "signature": "",
    }
    assert body | {"order": {}} == {
        "order": {},
        "owner": 'a "quoted" %s key',
        "orderType": "GTD",
        "deferExec": False,
        "postOnly": True,
    }


def test_order_without_end_is_good_till_cancelled(quote: Quotes) -> None:
    assert lifetime_of(quote(post_only=False)) == ("GTC", 0, False)


@given(st.integers(1, 2**42))
def test_end_is_never_later_than_asked(expires_at_ms: int) -> None:
    quote = NewQuote("ref", None, Side.BUY, 1, 1, expires_at_ms=expires_at_ms)  # type: ignore[arg-type]
    ends_ms = (lifetime_of(quote).expiration - 60) * 1000  # the venue ends it a minute early
    assert expires_at_ms - 1000 < ends_ms <= expires_at_ms


@given(st.text())
def test_salt_is_a_whole_number_to_a_double(client_ref: str) -> None:
    salt, timestamp_ms = salt_and_timestamp(client_ref)
    assert 0 <= salt < 2**53
    assert (salt, timestamp_ms) == salt_and_timestamp(client_ref)
    assert timestamp_ms > 0


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_timestamp_of_a_dated_reference_is_its_own(ms: int, random: int) -> None:
    digits = f"{ms:012x}7{random >> 62:03x}8{random & (2**60 - 1):015x}"
    reference = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    assert salt_and_timestamp(reference)[1] == ms


@pytest.mark.parametrize("reference", ["", "quote-7", "0192f0c1-7a6b-4c3d-8e4f-0123456789ab"])
def test_timestamp_of_another_reference_lies_in_the_first_weeks_of_the_format(reference: str) -> None:
    start_ms = 1_777_374_000_000  # 2026-04-28 11:00 UTC
    assert start_ms <= salt_and_timestamp(reference)[1] < start_ms + 2**32


def test_unknown_version_has_no_contracts_unless_they_are_named() -> None:
    assert deployment_of(4, {}) is None
    assert deployment_of(4, {"exchange": "0x" + "aa" * 20}) is None
    named = deployment_of(4, {"exchange": "0x" + "aa" * 20, "neg_risk_exchange": "0x" + "bb" * 20})
    assert named is not None
    assert (named.version, named.standard, named.neg_risk) == ("4", "0x" + "aa" * 20, "0x" + "bb" * 20)
    assert named.positions == DEPLOYMENTS[2].positions


def test_account_may_name_other_contracts_of_a_known_version() -> None:
    assert deployment_of(2, {}) == DEPLOYMENTS[2]
    moved = deployment_of(2, {"exchange": "0x" + "aa" * 20, "chain_id": "80002"})
    assert moved == dataclasses.replace(DEPLOYMENTS[2], standard="0x" + "aa" * 20, chain_id=80002)


def test_finer_tick_gives_finer_amounts(quote: Quotes) -> None:
    fine = dataclasses.replace(quote().instrument, grid=PriceGrid.probability(2_500))
    body = json.loads(signer().sign(quote(instrument=fine, price=2_500, size=33_330_000)).body)
    assert (body["order"]["makerAmount"], body["order"]["takerAmount"]) == ("83325", "33330000")


@pytest.mark.parametrize(("is_whole", "kind"), [(False, "FAK"), (True, "FOK")])
def test_an_order_that_takes_buys_for_whole_cents(instrument: Instrument, is_whole: bool, kind: str) -> None:
    order = TakeOrder("reference", Leg(instrument, Side.BUY), 570_000, 69_220_000, 560_000, is_whole)
    made = signer().sign_taking(order)
    body = json.loads(made.body)
    assert (body["orderType"], body["postOnly"], body["order"]["expiration"]) == (kind, False, "0")
    assert (body["order"]["side"], body["order"]["tokenId"]) == ("BUY", instrument.ref)
    assert (body["order"]["makerAmount"], body["order"]["takerAmount"]) == ("39450000", "69210500")
    assert signer(owner="another").sign_taking(order).order_id == made.order_id
