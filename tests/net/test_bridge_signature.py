"""Signing, against what another program computes."""

from __future__ import annotations

from hedgerow.core.secrets import Secret
from hedgerow.net.bridge_signature import signature

NOW_MS = 1_795_262_400_000
BET = "/bridge/v1/accounts/demo/bets/ebb4c11a-714b-4be6-a635-486ec09869a3"
SECRET = Secret("throwaway-secret")


def test_signatures_are_those_of_openssl() -> None:
    signed = signature(SECRET, NOW_MS, "PUT", BET, b'{"a":1}')
    assert signed == "590850fef22c02e379e17fb193f6f533f8a69e4006dc676eb80d80818ac309bd"


def test_every_part_is_signed() -> None:
    signed = {
        signature(SECRET, NOW_MS, "PUT", BET, b"{}"),
        signature(Secret("another"), NOW_MS, "PUT", BET, b"{}"),
        signature(SECRET, NOW_MS + 1, "PUT", BET, b"{}"),
        signature(SECRET, NOW_MS, "POST", BET, b"{}"),
        signature(SECRET, NOW_MS, "PUT", BET + "?after=1", b"{}"),
        signature(SECRET, NOW_MS, "PUT", BET, b"{ }"),
    }
    assert len(signed) == 6
