"""Signatures, clocks, tokens: who is let in, and how often."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.buckets import Bucket, Budget
from hedgerow.sim.dialects.kalshi import Terms
from hedgerow.sim.dialects.kalshi.errors import Denial
from hedgerow.sim.dialects.kalshi.keys import Keyring, is_signed, public_pem
from hedgerow.sim.dialects.kalshi.limits import TIERS

from .harness import DEMO, ORDERS, ROOT, Client, Scene, order_body

BALANCE = "/portfolio/balance"


async def status_with(demo: Client, headers: dict[str, str]) -> tuple[int, Any]:
    async with demo.http.get(demo.rest + ROOT + BALANCE, headers=headers) as response:
        return response.status, await response.json()


async def test_a_wrong_signature_is_refused(demo: Client) -> None:
    headers = demo.headers("GET", ROOT + "/portfolio/orders")
    assert await status_with(demo, headers) == (
        401,
        {
            "error": {
                "code": "authentication_error",
                "message": "authentication_error",
                "details": "INCORRECT_API_KEY_SIGNATURE",
            }
        },
    )


async def test_the_query_is_not_signed(demo: Client) -> None:
    assert (await demo.call("GET", "/portfolio/orders", limit="5")).status == 200


@pytest.mark.parametrize("method", ["GET", "get"])
async def test_the_method_is_signed_in_capitals(demo: Client, method: str) -> None:
    status, _ = await status_with(demo, demo.headers(method, ROOT + BALANCE))
    assert status == (200 if method == "GET" else 401)


@pytest.mark.parametrize(("skew_ms", "status"), [(-4_000, 200), (4_000, 200), (-8_000, 401), (8_000, 401)])
async def test_a_clock_may_differ_by_five_seconds(scene: Scene, demo: Client, skew_ms: int, status: int) -> None:
    scene.skew_ms = skew_ms
    answer = await demo.call("GET", BALANCE)
    assert answer.status == status
    if status == 401:
        assert answer.json == {"error": {"code": "header_timestamp_expired", "message": "header timestamp expired"}}


async def test_the_worlds_clock_decides(scene: Scene, demo: Client) -> None:
    scene.world.clock.run_scaled(1_700_000_000 * NS_PER_S, 1.0)
    assert (await demo.call("GET", BALANCE)).status == 200


async def test_a_signature_may_be_used_again(demo: Client) -> None:
    headers = demo.headers("GET", ROOT + BALANCE)
    assert [(await status_with(demo, headers))[0] for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("KALSHI-ACCESS-SIGNATURE", None, "signature_is_missing_from_headers"),
        ("KALSHI-ACCESS-TIMESTAMP", None, "timestamp_is_missing_from_headers"),
        ("KALSHI-ACCESS-KEY", None, "access_key_is_missing_from_headers"),
        ("KALSHI-ACCESS-KEY", "00000000-0000-0000-0000-000000000000", "authentication_error"),
        ("KALSHI-ACCESS-TIMESTAMP", "now", "header_timestamp_expired"),
        ("KALSHI-ACCESS-TIMESTAMP", "9" * 5000, "header_timestamp_expired"),
        ("KALSHI-ACCESS-SIGNATURE", "not base64!", "authentication_error"),
    ],
)
async def test_each_header_is_needed(demo: Client, name: str, value: str | None, code: str) -> None:
    headers = demo.headers("GET", ROOT + BALANCE)
    if value is None:
        del headers[name]
    else:
        headers[name] = value
    status, body = await status_with(demo, headers)
    assert (status, body["error"]["code"]) == (401, code)


async def test_market_data_needs_no_signature_but_checks_one(scene: Scene, demo: Client) -> None:
    async with scene.http.get(demo.rest + ROOT + "/markets") as response:
        assert response.status == 200
    headers = demo.headers("GET", ROOT + "/events")
    async with scene.http.get(demo.rest + ROOT + "/markets", headers=headers) as response:
        assert response.status == 401


async def test_the_stream_needs_a_signature(scene: Scene, demo: Client) -> None:
    async with scene.http.get(demo.ws + "/trade-api/ws/v2", headers={"Upgrade": "websocket"}) as response:
        assert response.status == 401
    stream = await demo.stream()
    await stream.ws.close()


async def test_an_unknown_path_is_not_found_in_kalshis_shape(demo: Client) -> None:
    answer = await demo.call("GET", "/nothing/here")
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


async def test_a_deleted_key_is_unknown(scene: Scene, demo: Client) -> None:
    scene.venue.keyring.forget(demo.key_id)
    assert (await demo.call("GET", BALANCE)).json["error"]["details"] == "NOT_FOUND"


def test_demo_credentials_are_the_same_in_every_world(scene: Scene) -> None:
    other = Scene(Terms())
    assert other.kalshi.demo_credentials(DEMO) == scene.kalshi.demo_credentials(DEMO)
    assert other.kalshi.demo_credentials(DEMO).keys() == {"key_id", "private_key"}
    with pytest.raises(KeyError):
        scene.kalshi.demo_credentials("nobody")


def test_every_published_vector_verifies(shared: Callable[[str], Path]) -> None:
    schemes = json.loads(shared("venues/vectors/kalshi.json").read_text())["schemes"]
    ring, seen = Keyring(5_000), 0
    for scheme in schemes.values():
        for vector in scheme["vectors"]:
            given_, expected = vector["inputs"], vector["expected"]
            pem = expected.get("public_key_pem") or public_pem(
                load_pem_private_key(given_["private_key_pem"].encode(), None)
            )
            ring.register("someone", given_["key_id"], pem)
            path = given_["url_or_path"].partition("://")[2]
            path = "/" + path.partition("/")[2] if path else given_["url_or_path"]
            account = ring.account_of(
                expected["headers"], given_["method"].upper(), path.partition("?")[0], given_["timestamp_ms"]
            )
            assert account == "someone"
            with pytest.raises(Denial):
                ring.account_of(expected["headers"], given_["method"].upper(), "/other", given_["timestamp_ms"])
            seen += 1
    assert seen >= 4


def test_a_salt_of_another_length_is_refused(scene: Scene) -> None:
    key = load_pem_private_key(scene.kalshi.rsa_credentials(DEMO)["private_key"].encode(), None)
    mgf = padding.MGF1(hashes.SHA256())
    public = load_pem_public_key(public_pem(key).encode())
    for salt, is_good in ((32, True), (20, False)):
        signature = key.sign(b"text", padding.PSS(mgf=mgf, salt_length=salt), hashes.SHA256())
        assert is_signed(public, "text", b64encode(signature).decode()) is is_good


class TestTokens:
    """A new member has 100 write tokens, refilled at 100 a second; the clock stands."""

    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(tier="basic")

    @pytest.fixture
    def still(self, scene: Scene) -> Scene:
        scene.world.clock.run_stepped(1_781_000_000 * NS_PER_S)
        return scene

    async def test_the_eleventh_order_of_a_burst_is_too_many(self, still: Scene, demo: Client) -> None:
        for _ in range(10):
            await demo.place(count="1.00")
        assert await demo.refused(count="1.00") == (429, {"error": "too many requests"})
        still.world.clock.step_to(still.world.clock.now_ns() + NS_PER_S // 10)
        await demo.place(count="1.00")
        assert (await demo.refused(count="1.00"))[0] == 429

    async def test_reads_have_a_bucket_of_their_own(self, still: Scene, demo: Client) -> None:
        for _ in range(10):
            await demo.place(count="1.00")
        assert (await demo.call("GET", BALANCE)).status == 200

    async def test_cancels_are_cheap(self, still: Scene, demo: Client) -> None:
        ids = [(await demo.place(count="1.00"))["order_id"] for _ in range(9)]
        statuses = [(await demo.call("DELETE", f"{ORDERS}/{order_id}")).status for order_id in ids]
        assert statuses == [200] * 5 + [429] * 4

    async def test_a_batch_must_fit_at_once(self, still: Scene, demo: Client) -> None:
        orders = [order_body(count="1.00") for _ in range(11)]
        assert (await demo.call("POST", f"{ORDERS}/batched", {"orders": orders})).status == 429
        assert (await demo.call("POST", f"{ORDERS}/batched", {"orders": orders[:10]})).status == 201
        assert len(still.venue.exchange.orders) == 10

    async def test_accounts_do_not_share_tokens(self, still: Scene, demo: Client, rival: Client) -> None:
        for _ in range(10):
            await demo.place(count="1.00")
        await rival.place(count="1.00")

    async def test_the_limits_are_told(self, still: Scene, demo: Client) -> None:
        assert await demo.get("/account/limits") == {
            "usage_tier": "basic",
            "read": {"refill_rate": 200, "bucket_capacity": 400},
            "write": {"refill_rate": 100, "bucket_capacity": 100},
            "grants": [],
        }
        costs = await demo.get("/account/endpoint_costs")
        listed = {(cost["method"], cost["path"]): cost["cost"] for cost in costs["endpoint_costs"]}
        assert costs["default_cost"] == 10
        assert listed["DELETE", "/trade-api/v2/portfolio/events/orders/:order_id"] == 2

    async def test_another_tier_has_full_buckets(self, still: Scene, demo: Client) -> None:
        still.kalshi.patch({"usageTier": "premier"})
        for _ in range(30):
            await demo.place(count="1.00")
        assert (await demo.get("/account/limits"))["usage_tier"] == "premier"


@given(
    st.lists(st.tuples(st.integers(0, 2 * NS_PER_S), st.integers(1, 300)), max_size=60),
    st.sampled_from([budget for budgets in TIERS.values() for budget in budgets]),
)
def test_a_bucket_never_gives_more_than_its_capacity_and_rate(steps: list[tuple[int, int]], budget: Budget) -> None:
    bucket, now, given_ = Bucket(budget, 0), 0, 0
    for wait_ns, tokens in steps:
        now += wait_ns
        given_ += tokens if bucket.take(tokens, now) else 0
        assert given_ * NS_PER_S <= budget.capacity * NS_PER_S + budget.rate * now
