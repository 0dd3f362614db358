"""Who may ask what: keys, logins, tokens, limits, the chain's node."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coincurve import PrivateKey

from hedgerow.core.money import MICRO
from hedgerow.sim import evm
from hedgerow.sim.dialects.predict_fun.limits import OTHERS, TRADING, Limits
from hedgerow.sim.dialects.predict_fun.orders import PostedOrder
from hedgerow.sim.dialects.predict_fun.refusals import Refusal
from hedgerow.sim.dialects.predict_fun.venue import USDT
from hedgerow.sim.dialects.predict_fun.wallets import Wallet, has_signed

from .harness import ACCOUNT, Venue, signed


def wallet_of_vector(given: dict[str, Any]) -> Wallet:
    key = bytes.fromhex(given["private_key"][2:])
    owner = evm.address_of(PrivateKey(key).public_key)
    return Wallet("vector", key, owner, given["predict_account"] or owner)


def test_signatures_of_the_vectors_are_recognised_and_a_changed_one_is_not(shared: Callable[[str], Path]) -> None:
    """Those of the main chain: the simulated venue has no other."""
    schemes = json.loads(shared("venues/vectors/predict.fun.json").read_text())["schemes"]
    checked = 0
    for vector in (*schemes["order_eip712_eoa"]["vectors"], *schemes["order_predict_account"]["vectors"]):
        given, expected = vector["inputs"], vector["expected"]
        if given["chain_id"] != 56:
            continue
        order = msgspec.convert({**expected["order"], "hash": "", "signature": ""}, PostedOrder)
        digest = order.digest(expected["domain"]["verifyingContract"])
        assert "0x" + digest.hex() == expected["order_hash"]
        assert has_signed(wallet_of_vector(given), digest, expected["signature"])
        assert not has_signed(wallet_of_vector(given), evm.keccak(digest), expected["signature"])
        checked += 1
    for vector in schemes["auth_message"]["vectors"]:
        given = vector["inputs"]
        digest = evm.text_digest(given["message"].encode())
        if given["chain_id"] == 56 or given["predict_account"] is None:
            assert has_signed(wallet_of_vector(given), digest, vector["expected"]["signature"])
            checked += 1
    assert checked >= 8


async def test_every_request_needs_a_key_and_a_wallets_request_a_token(venue: Venue) -> None:
    for path in ("/v1/auth/message", "/v1/markets", "/v1/orders"):
        assert (await venue.ask("GET", path, **{"x-api-key": "wrong"}))[0] == 401
    head, _, seal = venue.token.rpartition(".")
    for wrong in ("", "Bearer ", f"Bearer {head}.{seal[:-2]}aa", f"Basic {venue.token}"):
        assert (await venue.ask("GET", "/v1/orders", Authorization=wrong))[0] == 401
    assert (await venue.ask("GET", "/v1/orders"))[0] == 200


async def test_a_token_lives_for_a_day(venue: Venue) -> None:
    venue.world.clock.step_to(venue.world.clock.now_ns() + 24 * 3600 * 10**9)
    status, told = await venue.ask("GET", "/v1/orders")
    assert (status, told["error"]) == (401, "unauthorized")
    await venue.log_in()
    assert (await venue.ask("GET", "/v1/orders"))[0] == 200


async def test_a_message_is_signed_once_by_who_it_is_for(venue: Venue) -> None:
    _, asked = await venue.ask("GET", "/v1/auth/message")
    message = asked["data"]["message"]
    right = signed(venue.wallet, evm.text_digest(message.encode()))
    body = {"signer": venue.wallet.address, "message": message, "signature": right}
    for changes, status in (
        ({"signature": evm.sign(venue.wallet.private_key, evm.text_digest(message.encode()))}, 401),
        ({"signer": venue.wallet.owner}, 401),
        ({"message": "another"}, 400),
        ({}, 200),
        ({}, 400),
    ):
        assert (await venue.ask("POST", "/v1/auth", {**body, **changes}))[0] == status


def test_requests_are_counted_in_fixed_windows_by_key() -> None:
    limits = Limits()
    for _ in range(OTHERS.most):
        headers = limits.take("key", "GET", "/v1/markets", 125)
    assert headers == {"RateLimit-Limit": "250", "RateLimit-Remaining": "0", "RateLimit-Reset": "55"}
    with pytest.raises(Refusal) as refused:
        limits.take("key", "GET", "/v1/markets", 179)
    assert (refused.value.status, refused.value.headers["RateLimit-Reset"]) == (429, "1")
    limits.take("another", "GET", "/v1/markets", 179)
    limits.take("key", "GET", "/v1/markets/7/orderbook", 179)
    limits.take("key", "GET", "/v1/markets", 180)


def test_orders_are_counted_by_the_second_too() -> None:
    limits = Limits()
    for _ in range(40):
        limits.take("key", "POST", "/v1/orders", 120)
    with pytest.raises(Refusal):
        limits.take("key", "POST", "/v1/orders/remove", 120)
    assert limits.take("key", "GET", "/v1/orders", 120)["RateLimit-Remaining"] == str(TRADING.most - 42)
    limits.take("key", "POST", "/v1/orders", 121)


async def test_the_chain_tells_the_money_of_an_address(venue: Venue) -> None:
    async def balance(address: str) -> int:
        data = "0x70a08231" + address[2:].rjust(64, "0")
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": USDT, "data": data}, "latest"]}
        async with venue.session.post(venue.urls["rpc"] + "/", json=call) as response:
            return int((await response.json())["result"], 16)

    venue.predict_fun.exchange.accounts[ACCOUNT].cash = 7 * MICRO + 5
    assert await balance(venue.wallet.address) == (7 * MICRO + 5) * 10**12
    assert await balance(venue.wallet.owner) == 0
