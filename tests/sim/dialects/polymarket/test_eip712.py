"""Signatures as the official clients make them are recognised, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.sim import evm
from hedgerow.sim.dialects.polymarket import eip712

Vectors = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def vectors(shared: Callable[[str], Path]) -> Vectors:
    found = json.loads(shared("venues/vectors/polymarket.json").read_text())["schemes"]
    return {name: scheme["vectors"] for name, scheme in found.items()}


def _struct(given: dict[str, Any]) -> eip712.OrderStruct:
    return eip712.OrderStruct(
        salt=int(given["salt"]),
        maker=given["maker"],
        signer=given["signer"],
        token_id=int(given["tokenId"]),
        maker_amount=int(given["makerAmount"]),
        taker_amount=int(given["takerAmount"]),
        side=given["side"],
        signature_type=given["signatureType"],
        timestamp=int(given["timestamp"]),
        metadata=bytes.fromhex(given["metadata"][2:]),
        builder=bytes.fromhex(given["builder"][2:]),
    )


def _owner(private_key: str) -> str:
    return evm.address_of(PrivateKey(bytes.fromhex(private_key[2:])).public_key)


def test_login_signatures_of_the_vectors_name_their_wallet(vectors: Vectors) -> None:
    for vector in vectors["clob_l1_headers"]:
        given, headers = vector["inputs"], vector["expected"]["headers"]
        digest = eip712.clob_auth_digest(headers["POLY_ADDRESS"], headers["POLY_TIMESTAMP"], given["nonce"])
        signature = bytes.fromhex(headers["POLY_SIGNATURE"][2:])
        assert evm.signer_of(digest, signature) == headers["POLY_ADDRESS"] == _owner(given["private_key"])
        assert evm.sign(bytes.fromhex(given["private_key"][2:]), digest) == headers["POLY_SIGNATURE"]


def test_order_signatures_of_the_vectors_name_their_signer_and_id(vectors: Vectors) -> None:
    types = set()
    for vector in vectors["order_eip712"]:
        given, expected = vector["inputs"], vector["expected"]
        order, chain_id = _struct(given), given["chain_id"]
        domain = eip712.exchange_domain(given["exchange_version"], given["verifying_contract"], chain_id)
        signature = bytes.fromhex(expected["signature"][2:])
        assert "0x" + eip712.order_digest(order, domain).hex() == expected["order_hash"]
        assert eip712.order_signer(order, domain, signature, chain_id) == _owner(given["private_key"])
        types.add(order.signature_type)
    assert types == {0, 1, 2, 3}


def test_a_signature_of_another_domain_or_order_names_nobody_known(vectors: Vectors) -> None:
    for vector in vectors["order_eip712"]:
        given, expected = vector["inputs"], vector["expected"]
        order, chain_id = _struct(given), given["chain_id"]
        domain = eip712.exchange_domain(given["exchange_version"], given["verifying_contract"], chain_id)
        elsewhere = eip712.exchange_domain(given["exchange_version"], eip712.NEG_RISK_EXCHANGE, chain_id + 1)
        signature = bytes.fromhex(expected["signature"][2:])
        owner = _owner(given["private_key"])
        assert eip712.order_signer(order, elsewhere, signature, chain_id) != owner
        dearer = replace(order, maker_amount=order.maker_amount + 1)
        assert eip712.order_signer(dearer, domain, signature, chain_id) != owner


def test_a_wallet_signature_must_show_the_whole_order(vectors: Vectors) -> None:
    vector = next(v for v in vectors["order_eip712"] if v["inputs"]["signatureType"] == eip712.POLY_1271)
    order, given = _struct(vector["inputs"]), vector["inputs"]
    domain = eip712.exchange_domain(given["exchange_version"], given["verifying_contract"], given["chain_id"])
    signature = bytes.fromhex(vector["expected"]["signature"][2:])
    assert eip712.order_signer(order, domain, signature[:65], given["chain_id"]) is None
    assert eip712.order_signer(order, domain, signature[:-1] + b"\0", given["chain_id"]) is None


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_no_bytes_break_the_check(signature: bytes) -> None:
    assert evm.signer_of(b"\1" * 32, signature) is None or len(signature) == 65


def test_addresses_are_checksummed_as_published(vectors: Vectors, shared: Callable[[str], Path]) -> None:
    keys = json.loads(shared("venues/vectors/polymarket.json").read_text())["keys"]
    for private_key, address in keys.items():
        assert _owner(private_key) == address == evm.checksummed(address.lower())
    with pytest.raises(ValueError, match="20 bytes"):
        evm.checksummed("0x1234")
