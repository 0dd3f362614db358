"""Both levels of logging in: who is let in, and every way of not being."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.sim import evm
from hedgerow.sim.dialects.polymarket import eip712
from hedgerow.sim.dialects.polymarket.wallets import (
    ApiKey,
    Keyring,
    LoginRefused,
    Wallet,
    api_key_of,
    wallet_of,
)

from .harness import ACCOUNT, NOW_S, Answer, Venue

Headers = dict[str, str]


def _login(wallet: Wallet, nonce: int = 0, timestamp: str = str(NOW_S)) -> Headers:
    digest = eip712.clob_auth_digest(wallet.address, timestamp, nonce)
    return {
        "POLY_ADDRESS": wallet.address,
        "POLY_SIGNATURE": evm.sign(wallet.private_key, digest),
        "POLY_TIMESTAMP": timestamp,
        "POLY_NONCE": str(nonce),
    }


async def _ask(venue: Venue, method: str, path: str, headers: Headers) -> Answer:
    async with venue.session.request(method, venue.urls["clob"] + path, headers=headers) as response:
        return Answer(response.status, await response.json())


def _parts(key: ApiKey) -> dict[str, str]:
    return {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase}


# --- keys -----------------------------------------------------------------------------------------------------------


async def test_a_wallet_creates_a_key_once_and_derives_it_ever_after(venue: Venue) -> None:
    wallet = venue.key.wallet
    created = await _ask(venue, "POST", "/auth/api-key", _login(wallet, 7))
    assert created.body == _parts(api_key_of(wallet, 7))
    again = await _ask(venue, "POST", "/auth/api-key", _login(wallet, 7))
    assert (again.status, again.body) == (400, {"error": "Could not create api key"})
    derived = await _ask(venue, "GET", "/auth/derive-api-key", _login(wallet, 7))
    assert derived.body == created.body
    unknown = await _ask(venue, "GET", "/auth/derive-api-key", _login(wallet, 8))
    assert (unknown.status, unknown.body) == (400, {"error": "Could not derive api key!"})


async def test_the_first_key_of_the_demo_account_is_there_from_the_start(venue: Venue) -> None:
    derived = (await _ask(venue, "GET", "/auth/derive-api-key", _login(venue.key.wallet))).body
    told = venue.credentials()
    assert [told["api_key"], told["api_secret"], told["api_passphrase"]] == list(derived.values())


async def test_a_deleted_key_opens_nothing(venue: Venue) -> None:
    assert (await venue.ask("GET", "/auth/api-keys")).body == {"apiKeys": [venue.key.key]}
    assert (await venue.ask("DELETE", "/auth/api-key")).body == "OK"
    assert (await venue.ask("GET", "/auth/api-keys")).status == 401
    assert (await _ask(venue, "POST", "/auth/api-key", _login(venue.key.wallet))).status == 200
    assert (await venue.ask("GET", "/auth/api-keys")).status == 200


def test_credentials_are_the_same_in_every_world_and_never_shown() -> None:
    keyrings = [Keyring([wallet_of(ACCOUNT, 0)], 30) for _ in range(2)]
    first, second = (keyring.credentials(ACCOUNT) for keyring in keyrings)
    assert first == second
    assert set(first) == {"private_key", "api_key", "api_secret", "api_passphrase", "funder", "signature_type"}
    shown = repr(api_key_of(wallet_of(ACCOUNT, 0), 0))
    assert first["api_secret"] not in shown
    assert first["api_passphrase"] not in shown
    assert "private_key" not in repr(wallet_of(ACCOUNT, 0))
    with pytest.raises(KeyError):
        keyrings[0].credentials("nobody")


def test_a_plain_wallet_pays_from_its_own_address_and_a_contract_from_another() -> None:
    plain, proxy, deposit = (wallet_of(ACCOUNT, kind) for kind in (0, 1, 3))
    assert plain.funder == plain.order_signer == plain.address == proxy.address
    assert proxy.funder != proxy.address == proxy.order_signer
    assert deposit.order_signer == deposit.funder not in (proxy.funder, deposit.address)


# --- level one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late_s", [-31, 31])
async def test_a_login_is_valid_for_half_a_minute(venue: Venue, late_s: int) -> None:
    edge = _login(venue.key.wallet, timestamp=str(NOW_S - late_s + late_s // abs(late_s)))
    assert (await _ask(venue, "GET", "/auth/derive-api-key", edge)).status == 200
    stale = _login(venue.key.wallet, timestamp=str(NOW_S - late_s))
    refused = await _ask(venue, "GET", "/auth/derive-api-key", stale)
    assert (refused.status, refused.body) == (401, {"error": "Invalid L1 Request headers"})


@pytest.mark.parametrize(
    "changes",
    [
        {"POLY_NONCE": "1"},
        {"POLY_NONCE": "one"},
        {"POLY_NONCE": "-1"},
        {"POLY_TIMESTAMP": str(NOW_S + 1)},
        {"POLY_TIMESTAMP": "9" * 5000},
        {"POLY_SIGNATURE": "0x12"},
        {"POLY_SIGNATURE": "signature"},
        {"POLY_ADDRESS": "0x" + "11" * 20},
        {"POLY_ADDRESS": "somebody"},
    ],
)
async def test_a_login_that_was_not_signed_so_is_refused(venue: Venue, changes: Headers) -> None:
    headers = {**_login(venue.key.wallet), **changes}
    assert (await _ask(venue, "GET", "/auth/derive-api-key", headers)).status == 401


async def test_a_wallet_that_the_venue_does_not_know_gets_no_key(venue: Venue) -> None:
    assert (await _ask(venue, "POST", "/auth/api-key", _login(wallet_of("stranger", 0)))).status == 401
    assert (await _ask(venue, "POST", "/auth/api-key", {})).status == 401


# --- level two ------------------------------------------------------------------------------------------------------


def test_requests_of_the_vectors_are_signed_alike(shared: Callable[[str], Path]) -> None:
    schemes = json.loads(shared("venues/vectors/polymarket.json").read_text())["schemes"]
    for vector in schemes["clob_l2_headers"]["vectors"]:
        asked, expected = vector["inputs"], vector["expected"]
        key = ApiKey("", asked["api_secret"], "", wallet_of(ACCOUNT, 0))
        signed = key.signature(str(asked["timestamp"]), asked["method"], asked["path"], (asked["body"] or "").encode())
        assert signed == expected["headers"]["POLY_SIGNATURE"]


async def test_a_query_is_not_signed_and_the_address_may_be_in_lower_case(venue: Venue) -> None:
    answer = await venue.ask("GET", "/data/orders", market="0x00", POLY_ADDRESS=venue.key.wallet.address.lower())
    assert answer.status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"POLY_ADDRESS": "0x" + "11" * 20},
        {"POLY_API_KEY": "00000000-0000-0000-0000-000000000000"},
        {"POLY_PASSPHRASE": "word"},
        {"POLY_TIMESTAMP": str(NOW_S + 1)},
        {"POLY_TIMESTAMP": ""},
        {"POLY_SIGNATURE": "c2lnbmF0dXJl"},
        {"POLY_SIGNATURE": "ü"},
    ],
)
async def test_one_wrong_header_is_enough_to_be_refused(venue: Venue, changes: Headers) -> None:
    refused = await venue.ask("GET", "/data/orders", **changes)
    assert (refused.status, refused.body) == (401, {"error": "Unauthorized/Invalid api key"})


async def test_a_signature_is_for_one_method_path_and_body(venue: Venue) -> None:
    body = b'{"orderID":"0x00"}'
    right = venue.signed("DELETE", "/order", body)
    for method, path, sent in (
        ("POST", "/order", body),
        ("DELETE", "/orders", body),
        ("DELETE", "/order", body.replace(b":", b": ")),
    ):
        url = venue.urls["clob"] + path
        async with venue.session.request(method, url, data=sent, headers=right) as response:
            assert response.status == 401, (method, path, sent)
    async with venue.session.delete(venue.urls["clob"] + "/order", data=body, headers=right) as response:
        assert await response.json() == {"error": "Invalid orderID"}


@pytest.mark.parametrize("late_s", [31, -31])
def test_a_request_is_valid_for_half_a_minute(late_s: int) -> None:
    keyring = Keyring([wallet_of(ACCOUNT, 0)], 30)
    key = api_key_of(wallet_of(ACCOUNT, 0), 0)
    headers = {
        "POLY_ADDRESS": key.wallet.address,
        "POLY_API_KEY": key.key,
        "POLY_PASSPHRASE": key.passphrase,
        "POLY_TIMESTAMP": str(NOW_S),
        "POLY_SIGNATURE": key.signature(str(NOW_S), "GET", "/data/orders", b""),
    }
    closest = NOW_S + late_s - late_s // abs(late_s)
    assert keyring.of_request(headers, closest, "GET", "/data/orders", b"") == key
    with pytest.raises(LoginRefused, match="Unauthorized"):
        keyring.of_request(headers, NOW_S + late_s, "GET", "/data/orders", b"")
