"""What the simulated Limitless refuses, matches and tells, without our connector."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import ClientConnectionError, ClientSession

from hedgerow.core.clock import NS_PER_S, iso_of_ms
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.limitless_ex import LimitlessEx, Settings, build
from hedgerow.sim.dialects.limitless_ex.orders import PostedOrder
from hedgerow.sim.dialects.limitless_ex.profiles import Profile
from hedgerow.sim.evm import sign
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import COUNTERPARTY, Leg
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

NOW_S = 1_795_190_000
ACCOUNT = "demo_limitless-ex"
FIXTURE = FixtureId("id1200231461061419")
NAMES = ("Jannik Sinner", "Carlos Alcaraz")
_numbers = msgspec.json.Encoder(decimal_format="number")

Answer = tuple[int, Any]


@dataclass
class Venue:
    """The venue with one match, and a client that signs as the demo account."""

    world: World
    dialect: LimitlessEx
    url: str
    session: ClientSession
    number: int = field(default=0)

    @property
    def profile(self) -> Profile:
        return self.dialect.profiles.by_account[ACCOUNT]

    @property
    def slug(self) -> str:
        (market,) = self.dialect.listings
        return market.slug

    @property
    def cash(self) -> int:
        return self.dialect.exchange.accounts[ACCOUNT].cash

    async def ask(self, method: str, path: str, body: bytes = b"", **changes: str) -> Answer:
        """A signed request; `secret`, `at` and headers can be others."""
        at = changes.pop("at", iso_of_ms(self.world.clock.now_ms()))
        secret = changes.pop("secret", "").encode() or self.profile.secret
        message = f"{at}\n{method}\n{path}\n".encode() + body
        signature = b64encode(hmac.digest(secret, message, hashlib.sha256)).decode()
        headers = {"lmts-api-key": self.profile.token_id, "lmts-timestamp": at, "lmts-signature": signature, **changes}
        async with self.session.request(method, self.url + path, data=body or None, headers=headers) as answer:
            return answer.status, await answer.json()

    def order(self, **changes: Any) -> PostedOrder:
        """A signed purchase of 10 YES at 0.52; what is changed is signed too, but for another signature."""
        (market,) = self.dialect.listings
        given = {
            "salt": 7,
            "maker": self.profile.maker,
            "signer": self.profile.signer,
            "taker": "0x" + "00" * 20,
            "token_id": market.tokens[0],
            "maker_amount": 5_200_000,
            "taker_amount": 10_000_000,
            "expiration": "0",
            "nonce": 0,
            "fee_rate_bps": 0 if self.dialect.desk.is_collateral else 300,
            "side": 0,
            "signature_type": self.profile.signature_type,
            "price": Decimal("0.52"),
        }
        made = PostedOrder(**{**given, "signature": "", **changes})
        made.signature = changes.get("signature") or sign(self.profile.private_key, made.digest(market.exchange))
        return made

    async def place(self, order: PostedOrder | None = None, **changes: Any) -> Answer:
        """Posts an order that may rest, or what is said otherwise of it, each under a reference of its own."""
        self.number += 1
        body = {
            "order": order or self.order(),
            "ownerId": self.profile.owner_id,
            "orderType": "GTC",
            "marketSlug": self.slug,
            "clientOrderId": f"ours-{self.number}",
            **changes,
        }
        return await self.ask("POST", "/orders", _numbers.encode(body))

    async def status(self, **item: str) -> dict[str, Any]:
        _, answer = await self.ask("POST", "/orders/status/batch", msgspec.json.encode({"items": [item]}))
        (row,) = answer["results"]
        return dict(row)

    def stand(self, price: int, size: int, side: Side = Side.SELL) -> None:
        """Somebody's order for YES, in micros."""
        (market,) = self.dialect.listings
        reference = f"theirs-{len(self.dialect.exchange.orders)}"
        self.dialect.exchange.place(COUNTERPARTY, market.contract, Leg.YES, side, price, size, reference=reference)

    def resting(self) -> list[int]:
        return [order.remaining for order in self.dialect.exchange.open_orders(ACCOUNT)]


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def venue(settings: Settings) -> AsyncIterator[Venue]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    dialect = build(world, settings)
    world.put_fixture(Fixture(FIXTURE, 12, 2314, *NAMES, NOW_S + 9_000, "ATP Finals", "ATP"))
    async with AsyncExitStack() as stack:
        site = await listen(dialect.sites()["rest"], "127.0.0.1", 0)
        stack.push_async_callback(site.runner.cleanup)
        session = await stack.enter_async_context(ClientSession())
        yield Venue(world, dialect, site.url, session)


# --- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"lmts-api-key": "another"}, "Invalid API token"),
        ({"secret": "another"}, "Invalid HMAC signature"),
        ({"lmts-signature": "é"}, "Invalid HMAC signature"),
        ({"at": iso_of_ms((NOW_S - 31) * 1000)}, "Request timestamp is outside the allowed window"),
        ({"at": iso_of_ms((NOW_S + 31) * 1000)}, "Request timestamp is outside the allowed window"),
        ({"at": "2026-11-20T15:53:20"}, "Invalid request timestamp"),
        ({"at": "now"}, "Invalid request timestamp"),
    ],
)
async def test_a_request_of_nobody_is_refused(venue: Venue, changes: dict[str, str], text: str) -> None:
    status, told = await venue.ask("GET", "/profiles/me", b"", **changes)
    assert (status, told) == (401, {"message": text, "error": "Unauthorized", "statusCode": 401})


async def test_the_query_is_signed_too(venue: Venue) -> None:
    path = "/portfolio/history?cursor=&limit=5"
    assert (await venue.ask("GET", path))[0] == 200
    at = iso_of_ms(venue.world.clock.now_ms())
    message = f"{at}\nGET\n/portfolio/history\n".encode()
    signature = b64encode(hmac.digest(venue.profile.secret, message, hashlib.sha256)).decode()
    assert (await venue.ask("GET", path, b"", **{"lmts-signature": signature}))[0] == 401


async def test_the_profile_says_which_wallet_trades(venue: Venue) -> None:
    _, told = await venue.ask("GET", "/profiles/me")
    assert (told["tradeWalletOption"], told["smartWallet"]) == ("smartWallet", venue.profile.maker)
    assert (told["embeddedAccount"], told["rank"]["feeRateBps"]) == (venue.profile.signer, 300)
    assert told["account"] not in (told["smartWallet"], told["embeddedAccount"])


async def test_a_profile_is_found_by_each_of_its_addresses_and_by_no_other(venue: Venue) -> None:
    profile = venue.profile
    for address in (profile.maker, profile.signer, profile.login, profile.login.lower()):
        status, told = await venue.ask("GET", f"/profiles/{address}")
        assert (status, told["id"]) == (200, profile.owner_id)
    assert (await venue.ask("GET", "/profiles/0x" + "11" * 20))[0] == 404


async def test_calls_beyond_the_pace_are_refused_and_go_on_later(venue: Venue) -> None:
    statuses = [(await venue.ask("GET", "/profiles/me"))[0] for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    venue.world.clock.step_to(venue.world.clock.now_ns() + 3 * NS_PER_S // 10)
    assert [(await venue.ask("GET", "/profiles/me"))[0] for _ in range(2)] == [200, 429]


# --- what is taken in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"signature": "0x12"}, "Invalid signature"),
        ({"signature": "no hex"}, "Invalid signature"),
        ({"maker": "0x" + "12" * 20}, "Invalid maker, signer or signatureType"),
        ({"signature_type": 0}, "Invalid maker, signer or signatureType"),
        ({"taker": "0x" + "12" * 20}, "taker, nonce and expiration"),
        ({"expiration": "1800000000"}, "taker, nonce and expiration"),
        ({"nonce": 1}, "taker, nonce and expiration"),
        ({"fee_rate_bps": 0}, "feeRateBps must be 300"),
        ({"token_id": "123"}, "tokenId"),
        ({"price": Decimal("0.5205"), "maker_amount": 5_205_000}, "steps of 0.001"),
        ({"price": Decimal(1), "maker_amount": 10_000_000}, "steps of 0.001"),
        ({"price": None}, "price is required"),
        ({"maker_amount": 5_200_001}, "do not match the price"),
        ({"taker_amount": 10_000_500, "maker_amount": 5_200_260}, "multiple of 1000"),
        ({"taker_amount": 0, "maker_amount": 0}, "multiple of 1000"),
    ],
)
async def test_an_order_is_refused_for_what_is_wrong_with_it(venue: Venue, changes: Any, text: str) -> None:
    status, told = await venue.place(venue.order(**changes))
    assert (status, told["error"]) == (400, "Bad Request")
    assert text in told["message"]
    assert venue.dialect.exchange.orders == {}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"ownerId": 1}, 403),
        ({"marketSlug": "another"}, 404),
        ({"orderType": "FOK"}, 400),
        ({"orderType": "FAK", "postOnly": True}, 400),
        ({"clientOrderId": "x" * 129}, 400),
        ({"recvWindow": 10_001}, 400),
        ({"timestamp": NOW_S * 1000 - 10_001, "recvWindow": 10_000}, 425),
    ],
)
async def test_a_posting_is_refused_for_what_is_wrong_with_it(venue: Venue, changes: Any, status: int) -> None:
    assert (await venue.place(**changes))[0] == status
    assert venue.dialect.exchange.orders == {}


async def test_a_second_order_under_a_reference_is_refused_whatever_became_of_the_first(venue: Venue) -> None:
    first = await venue.place(clientOrderId="one", timestamp=NOW_S * 1000, recvWindow=10_000)
    again = await venue.place(venue.order(salt=8), clientOrderId="one")
    await venue.ask("DELETE", f"/orders/{first[1]['order']['id']}")
    later = await venue.place(venue.order(salt=9), clientOrderId="one")
    assert (first[0], again[0], later[0]) == (201, 409, 409)
    assert len(venue.dialect.exchange.orders) == 1


async def test_a_lack_of_money_or_shares_is_refused(venue: Venue) -> None:
    size = 20_000 * MICRO
    bought = await venue.place(venue.order(taker_amount=size, maker_amount=size * 52 // 100))
    sold = await venue.place(venue.order(side=1, maker_amount=10 * MICRO, taker_amount=5_200_000))
    assert (bought[0], sold[0]) == (422, 422)
    assert [told["message"].split()[1] for _, told in (bought, sold)] == ["collateral", "outcome"]


async def test_a_scripted_refusal_has_its_own_words(venue: Venue) -> None:
    venue.dialect.exchange.faults.set(Behaviour(rejectRate=1, rejectReason="we are closed today"))  # type: ignore[arg-type]
    assert (await venue.place())[1]["message"] == "we are closed today"


async def test_a_market_that_is_over_takes_no_orders(venue: Venue) -> None:
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    status, told = await venue.place()
    assert (status, told["message"]) == (400, "Market is not active")


# --- matching --------------------------------------------------------------------------------------------------------


async def test_an_order_that_may_rest_takes_what_is_there_and_rests(venue: Venue) -> None:
    venue.stand(510_000, 4 * MICRO)
    _, told = await venue.place()
    assert (told["execution"]["settlementStatus"], told["execution"]["totalsRaw"]["contractsGross"]) == (
        "MINED",
        "4000000",
    )
    assert venue.resting() == [6 * MICRO]
    _, rows = await venue.ask("GET", f"/markets/{venue.slug}/user-orders?statuses=LIVE")
    assert [(row["status"], row["originalSize"], row["remainingSize"]) for row in rows] == [
        ("LIVE", "10000000", "6000000")
    ]
    path = f"/orders/{told['order']['id']}"
    assert [(await venue.ask("DELETE", path))[0] for _ in range(2)] == [200, 404]
    assert venue.resting() == []


async def test_an_order_that_takes_ends_with_what_it_found(venue: Venue) -> None:
    venue.stand(510_000, 4 * MICRO)
    venue.stand(530_000, 4 * MICRO)
    _, taken = await venue.place(orderType="FAK")
    _, nothing = await venue.place(venue.order(salt=8), orderType="FAK")
    totals = taken["execution"]["totalsRaw"]
    kept = 4 * MICRO * 300 * 490_000 // (10_000 * 510_000)
    assert (totals["usdGross"], totals["contractsFee"]) == ("2040000", str(kept))
    assert totals["contractsNet"] == str(4 * MICRO - kept)
    assert (nothing["execution"]["settlementStatus"], nothing["execution"]["matched"]) == ("UNMATCHED", False)
    assert (venue.resting(), venue.cash) == ([], 10_000 * MICRO - 2_040_000)


async def test_a_post_only_order_that_would_trade_is_refused(venue: Venue) -> None:
    venue.stand(510_000, 4 * MICRO)
    assert (await venue.place(postOnly=True))[1]["message"] == "Post-only order would match immediately"


async def test_the_book_has_thousandths_and_millionths_in_the_terms_of_yes(venue: Venue) -> None:
    venue.stand(521_000, 4_001_000)
    venue.stand(400_000, MICRO, Side.BUY)
    async with venue.session.get(f"{venue.url}/markets/{venue.slug}/orderbook") as answer:
        book = await answer.json()
    assert (book["bids"], book["asks"]) == (
        [{"price": 0.4, "size": 1_000_000, "side": "BUY"}],
        [{"price": 0.521, "size": 4_001_000, "side": "SELL"}],
    )


# --- what became of it -----------------------------------------------------------------------------------------------


async def test_all_orders_of_a_market_are_cancelled_at_once(venue: Venue) -> None:
    placed = [(await venue.place())[1]["order"]["id"] for _ in range(2)]
    assert (await venue.ask("DELETE", f"/orders/all/{venue.slug}"))[0] == 200
    _, left = await venue.ask("GET", f"/markets/{venue.slug}/user-orders")
    assert left == []
    assert [(await venue.ask("DELETE", f"/orders/{order_id}"))[0] for order_id in placed] == [404, 404]
    assert (await venue.ask("DELETE", "/orders/all/nowhere"))[0] == 404


async def test_an_order_is_found_by_either_name_and_by_one_only(venue: Venue) -> None:
    _, told = await venue.place()
    order_id = told["order"]["id"]
    assert (await venue.status(clientOrderId="ours-1"))["orderId"] == order_id
    assert (await venue.status(orderId=order_id))["data"] == told
    assert (await venue.status(orderId="another"))["status"] == "not_found"
    assert (await venue.status(orderId=order_id, clientOrderId="ours-1"))["status"] == "error"


async def test_an_order_waits_as_delayed_and_meets_the_book_later(venue: Venue) -> None:
    venue.stand(510_000, 10 * MICRO)
    venue.dialect.exchange.faults.set(Behaviour(acceptDelayMs=3_000))
    _, told = await venue.place(orderType="FAK")
    assert (told["execution"]["settlementStatus"], "eligibleAt" in told["execution"]) == ("DELAYED", True)
    await _step(venue, 3)
    assert (await venue.status(clientOrderId="ours-1"))["data"]["execution"]["settlementStatus"] == "MINED"


@pytest.mark.parametrize("settings", [Settings(settled_after_s=2)])
async def test_what_is_matched_is_mined_when_the_chain_has_it(venue: Venue) -> None:
    venue.stand(510_000, 10 * MICRO)
    _, told = await venue.place()
    assert (told["execution"]["settlementStatus"], told["execution"]["txHash"]) == ("MATCHED", None)
    assert (await venue.ask("GET", "/portfolio/history"))[1]["data"] == []
    await _step(venue, 2)
    _, history = await venue.ask("GET", "/portfolio/history?cursor=&limit=5")
    (row,) = history["data"]
    assert (row["strategy"], row["outcomeIndex"], row["outcomeTokenAmount"]) == ("Limit Buy", 0, "10")
    assert (row["market"]["slug"], row["blockTimestamp"], row["collateralAmount"]) == (venue.slug, NOW_S, "5.1")


async def test_a_settlement_that_fails_gives_the_money_back(venue: Venue) -> None:
    venue.dialect.exchange.faults.set(Behaviour(failTradeRate=1))  # type: ignore[arg-type]
    venue.stand(510_000, 10 * MICRO)
    await venue.place(orderType="FAK")
    assert venue.cash < 10_000 * MICRO
    await _step(venue, 5)
    execution = (await venue.status(clientOrderId="ours-1"))["data"]["execution"]
    assert (execution["settlementStatus"], execution["totalsRaw"]["contractsGross"]) == ("FAILED", "0")
    assert venue.cash == 10_000 * MICRO


@pytest.mark.parametrize("settings", [Settings(is_collateral=True)])
async def test_a_collateral_fee_is_money_and_the_order_signed_for_none(venue: Venue) -> None:
    venue.stand(520_000, 10 * MICRO)
    _, told = await venue.place(orderType="FAK")
    totals = told["execution"]["totalsRaw"]
    assert (totals["contractsFee"], totals["usdGross"], totals["usdFee"]) == ("0", "5200000", "144000")
    assert venue.cash == 10_000 * MICRO - 5_344_000
    async with venue.session.get(f"{venue.url}/markets/{venue.slug}") as answer:
        assert (await answer.json())["venue"]["feeModuleType"] == "COLLATERAL"


@pytest.mark.parametrize(
    ("first", "winner", "numerators"),
    [
        (SettlementStatus.WON, 0, None),
        (SettlementStatus.LOST, 1, None),
        (SettlementStatus.VOID, None, ["1", "1"]),
    ],
)
async def test_a_market_is_resolved_with_the_match(
    venue: Venue, first: SettlementStatus, winner: int | None, numerators: list[str] | None
) -> None:
    venue.stand(520_000, 10 * MICRO)
    await venue.place(orderType="FAK")
    venue.world.settle(FIXTURE, {121: first, 122: first.mirrored})
    async with venue.session.get(f"{venue.url}/markets/{venue.slug}") as answer:
        told = await answer.json()
    assert (told["status"], told["winningOutcomeIndex"], told["payoutNumerators"]) == ("RESOLVED", winner, numerators)
    (entry,) = [one for one in venue.dialect.exchange.ledger()["entries"] if one["account"] == ACCOUNT]
    assert venue.cash == 10_000 * MICRO - 5_200_000 + entry["payout"] * MICRO
    async with venue.session.get(f"{venue.url}/markets/active?page=1&limit=25") as answer:
        assert (await answer.json())["totalMarketsCount"] == 0


async def test_an_answer_can_be_lost_and_the_order_is_there(venue: Venue) -> None:
    venue.dialect.exchange.faults.set(Behaviour(loseResponseRate=1))  # type: ignore[arg-type]
    with pytest.raises(ClientConnectionError):
        await venue.place()
    assert venue.resting() == [10 * MICRO]


async def test_a_fixture_that_changes_keeps_its_market_and_a_reset_forgets_all(venue: Venue) -> None:
    slug = venue.slug
    await venue.place()
    venue.world.put_fixture(Fixture(FIXTURE, 12, 2314, *NAMES, NOW_S + 99_000, "ATP Finals", "ATP"))
    assert venue.slug == slug
    venue.world.reset()
    assert list(venue.dialect.listings) == []
    assert (await venue.status(clientOrderId="ours-1"))["status"] == "not_found"
    assert decimal_of(venue.cash) == 10_000


async def _step(venue: Venue, seconds: int) -> None:
    """The world's time goes on; a request before and one after give way to what waits for it."""
    await venue.ask("GET", "/profiles/me")
    venue.world.clock.step_to(venue.world.clock.now_ns() + seconds * NS_PER_S)
    await venue.ask("GET", "/profiles/me")
