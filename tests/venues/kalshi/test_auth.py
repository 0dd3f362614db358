"""Signing, and signatures that are made ahead."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.kalshi.auth import TOLERANCE_MS, ReadySignatures, Signer, signed_text

PATH = "/trade-api/v2/portfolio/events/orders"


def time_of(headers: tuple[tuple[str, str], ...]) -> int:
    return int(dict(headers)["KALSHI-ACCESS-TIMESTAMP"])


@pytest.fixture
async def ready(rsa_pem: Secret, clock: SteppedClock) -> AsyncIterator[ReadySignatures]:
    made = ReadySignatures(Signer(Secret("key"), rsa_pem), clock, "POST", PATH, capacity=3)
    yield made
    await made.stop()


@pytest.mark.parametrize(
    "place",
    ["https://host:8443/trade-api/v2/markets?limit=5", "/trade-api/v2/markets?limit=5", "/trade-api/v2/markets"],
)
def test_signed_text_has_no_host_and_no_query(place: str) -> None:
    assert signed_text(1_700_000_000_000, "get", place) == b"1700000000000GET/trade-api/v2/markets"


def test_ed25519_signs_the_same_every_time_and_rsa_does_not(ed25519_pem: Secret, rsa_pem: Secret) -> None:
    ed, rsa = Signer(Secret("key"), ed25519_pem), Signer(Secret("key"), rsa_pem)
    assert ed.signature(1, "GET", PATH) == ed.signature(1, "GET", PATH)
    assert rsa.signature(1, "GET", PATH) != rsa.signature(1, "GET", PATH)
    assert (ed.is_slow, rsa.is_slow) == (False, True)


def elliptic_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "pem", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", elliptic_pem()]
)
def test_a_key_of_another_kind_is_refused_without_being_shown(pem: str) -> None:
    with pytest.raises(SetupError, match="not an RSA or Ed25519 key") as refused:
        Signer(Secret("key"), Secret(pem))
    assert not pem or pem not in str(refused.value)


async def test_without_preparation_a_request_is_signed_in_place(ready: ReadySignatures, clock: SteppedClock) -> None:
    assert time_of(ready.headers()) == clock.now_ms()


async def test_prepared_signatures_are_used_once_each_and_made_again(
    ready: ReadySignatures, clock: SteppedClock, until: Callable[..., Any]
) -> None:
    ready.start()
    await until(lambda: len(ready) == 3)
    used = [ready.headers() for _ in range(3)]
    assert len({dict(headers)["KALSHI-ACCESS-SIGNATURE"] for headers in used}) == 3
    assert len({time_of(headers) for headers in used}) == 3
    assert all(abs(time_of(headers) - clock.now_ms()) <= TOLERANCE_MS for headers in used)
    assert clock.now_ms() not in {time_of(headers) for headers in used}
    ready.refill()
    await until(lambda: len(ready) == 3)


async def test_a_burst_beyond_what_is_prepared_is_signed_in_place(
    ready: ReadySignatures, clock: SteppedClock, until: Callable[..., Any]
) -> None:
    ready.start()
    await until(lambda: len(ready) == 3)
    times = [time_of(ready.headers()) for _ in range(4)]
    assert times[3] == clock.now_ms()


async def test_a_stale_signature_is_not_used(
    ready: ReadySignatures, clock: SteppedClock, until: Callable[..., Any]
) -> None:
    ready.start()
    await until(lambda: len(ready) == 3)
    clock.advance(2 * TOLERANCE_MS / 1000 + 1)
    assert time_of(ready.headers()) == clock.now_ms()
    ready.refill()
    await until(lambda: len(ready) == 3)
    assert abs(time_of(ready.headers()) - clock.now_ms()) <= TOLERANCE_MS


async def test_a_signature_from_a_future_that_was_taken_back_is_not_used(
    rsa_pem: Secret, until: Callable[..., Any]
) -> None:
    class JumpingClock(SteppedClock):
        def back_to(self, now_ns: int) -> None:
            self._now_ns = now_ns

    clock = JumpingClock(1_790_000_000_000_000_000)
    ready = ReadySignatures(Signer(Secret("key"), rsa_pem), clock, "POST", PATH, capacity=1)
    ready.start()
    await until(lambda: len(ready) == 1)
    clock.back_to(1_780_000_000_000_000_000)
    assert time_of(ready.headers()) == clock.now_ms()
    await ready.stop()


async def test_ed25519_needs_no_preparation(ed25519_pem: Secret, clock: SteppedClock) -> None:
    ready = ReadySignatures(Signer(Secret("key"), ed25519_pem), clock, "POST", PATH, capacity=3)
    ready.start()
    assert time_of(ready.headers()) == clock.now_ms()
    await ready.stop()
    assert len(ready) == 0
