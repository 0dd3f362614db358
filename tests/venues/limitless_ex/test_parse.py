"""From the venue's messages to ours, and that nothing else is read out of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.secrets import Secret
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.limitless_ex import wire
from hedgerow.venues.limitless_ex.auth import EOA, SMART, Identity, identity_of
from hedgerow.venues.limitless_ex.parse import amount, instruments_of, is_open, levels_of, result_of, taken_of
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.signing import Wallet
from hedgerow.venues.taking import Level

Load = Callable[[str], dict[str, Any]]
WALLET = Wallet(Secret("11" * 32))
SMART_WALLET = "0x8617E340B3D01FA5F11F306F4090FD50E238070D"


def message(kind: type[Any], told: dict[str, Any], **changes: Any) -> Any:
    return read(kind, json.dumps({**told, **changes}).encode())


def executed(load: Load, status: str = "MINED", **totals: str) -> wire.Placed:
    told = load("placed")
    told["execution"]["settlementStatus"] = status
    told["execution"]["totalsRaw"].update(totals)
    placed: wire.Placed = message(wire.Placed, told)
    return placed


# --- the profile -----------------------------------------------------------------------------------------------------


def test_a_smart_wallet_makes_what_its_embedded_wallet_signs(load: Load) -> None:
    who = identity_of(message(wire.Profile, load("profile")), WALLET)
    assert who == Identity(12345, SMART_WALLET, WALLET.address, SMART, 300)


def test_a_wallet_that_trades_for_itself_makes_and_signs(load: Load) -> None:
    told = {**load("profile"), "tradeWalletOption": "eoa", "account": WALLET.address.lower()}
    who = identity_of(message(wire.Profile, told), WALLET)
    assert who == Identity(12345, WALLET.address, WALLET.address, EOA, 300)


def test_another_wallets_profile_is_not_traded_for(load: Load) -> None:
    assert identity_of(message(wire.Profile, load("profile")), Wallet(Secret("22" * 32))) is None


@pytest.mark.parametrize(
    "changes",
    [{"smartWallet": None}, {"embeddedAccount": ""}, {"smartWallet": "0x12"}, {"rank": {"feeRateBps": 9_999}}],
)
def test_a_profile_of_another_form_is_unreadable(load: Load, changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        identity_of(message(wire.Profile, load("profile"), **changes), WALLET)


# --- markets ---------------------------------------------------------------------------------------------------------


def test_a_market_has_two_contracts_on_thousandths(load: Load) -> None:
    market = message(wire.Market, load("market"))
    yes, no = instruments_of(market, 300)
    assert (yes.ref, no.ref, yes.market_ref) == ("1111", "2222", "a-match-1777838401426")
    assert (yes.grid.lowest, yes.grid.highest, yes.lot, yes.min_notional) == (1_000, 999_000, 1_000, MICRO)
    assert (yes.meta["signed_bps"], yes.meta["charged_bps"]) == ("300", "0")
    assert is_open(market)


def test_a_collateral_fee_is_not_signed_and_is_charged(load: Load) -> None:
    told = load("market")
    told["venue"]["feeModuleType"] = "COLLATERAL"
    yes, _ = instruments_of(message(wire.Market, told), 300)
    assert (yes.meta["signed_bps"], yes.meta["charged_bps"]) == ("0", "300")
    yes, _ = instruments_of(message(wire.Market, told, metadata={"fee": False}), 300)
    assert yes.meta["charged_bps"] == "0"


@pytest.mark.parametrize(
    "changes",
    [
        {"tradeType": "amm"},
        {"tokens": None},
        {"venue": None},
        {"venue": {"exchange": "0x05"}},
        {"tokens": {"yes": "1111", "no": "none"}},
        {"tokens": {"yes": "1111", "no": "-5"}},
    ],
)
def test_a_market_without_an_order_book_is_unreadable(load: Load, changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        instruments_of(message(wire.Market, load("market"), **changes), 300)


@pytest.mark.parametrize("changes", [{"status": "RESOLVED"}, {"status": "LOCKED"}, {"expired": True}])
def test_only_a_funded_market_before_its_end_is_open(load: Load, changes: dict[str, Any]) -> None:
    assert not is_open(message(wire.Market, load("market"), **changes))


def test_the_other_outcome_is_bought_from_who_bids_for_the_first(load: Load) -> None:
    book = message(wire.Book, load("book"))
    assert levels_of(book, "1111") == [Level(161_000, 222 * MICRO), Level(996_000, 5_555 * MICRO)]
    assert levels_of(book, "2222") == [Level(860_000, 12_360_330_000), Level(900_000, MICRO)]
    assert levels_of(wire.Book(book.bids[::-1], [], "1111"), "2222") == levels_of(book, "2222")


@pytest.mark.parametrize("price", ["0", "1", "1.2", "-0.1", "NaN"])
def test_a_price_that_no_share_has_is_unreadable(price: str) -> None:
    level = wire.Level(Decimal(price), Decimal(5))
    with pytest.raises(UnreadableError):
        levels_of(wire.Book([level], [], "1111"), "2222")


@pytest.mark.parametrize("size", ["222.5", "-1", "1e20", "NaN"])
def test_a_size_that_is_not_whole_is_unreadable(size: str) -> None:
    level = wire.Level(Decimal("0.5"), Decimal(size))
    with pytest.raises(UnreadableError):
        levels_of(wire.Book([], [level], "1111"), "1111")


@pytest.mark.parametrize(
    ("winner", "token", "status", "paid"),
    [
        (0, "1111", SettlementStatus.WON, 1),
        (0, "2222", SettlementStatus.LOST, 0),
        (1, "1111", SettlementStatus.LOST, 0),
        (1, "2222", SettlementStatus.WON, 1),
    ],
)
def test_the_winner_is_paid(load: Load, winner: int, token: str, status: SettlementStatus, paid: int) -> None:
    market = message(wire.Market, load("market"), status="RESOLVED", winningOutcomeIndex=winner)
    assert result_of(market, token) == (status, paid)


def test_a_market_that_neither_won_pays_what_is_told_of_both(load: Load) -> None:
    market = message(wire.Market, load("market"), status="RESOLVED", payoutNumerators=["1", "3"])
    assert result_of(market, "1111") == (SettlementStatus.VOID, Decimal("0.25"))
    assert result_of(market, "2222") == (SettlementStatus.VOID, Decimal("0.75"))


@pytest.mark.parametrize(
    "changes",
    [
        {"winningOutcomeIndex": 0},  # and not resolved
        {"status": "RESOLVED"},
        {"status": "RESOLVED", "winningOutcomeIndex": 2},
        {"status": "RESOLVED", "payoutNumerators": ["0", "0"]},
        {"status": "RESOLVED", "payoutNumerators": ["1"]},
    ],
)
def test_nothing_is_decided_before_the_venue_says_it(load: Load, changes: dict[str, Any]) -> None:
    assert result_of(message(wire.Market, load("market"), **changes), "1111") is None


# --- orders ----------------------------------------------------------------------------------------------------------


def test_what_an_order_took_are_its_totals(load: Load) -> None:
    taken = taken_of(executed(load), "ours")
    assert (taken.venue_ref, taken.reference) == ("ff0dcbf1-f7de-43f0-b6f1-16b972a17f49", "ours")
    assert (taken.instrument_ref, taken.side, taken.is_over) == ("1111", Side.BUY, True)
    assert (taken.size, taken.cost, taken.fee, taken.withheld) == (10_752_000, 9_999_360, 0, 63_436)


@pytest.mark.parametrize("status", ["MATCHED", "RETRYING", "DELAYED", "PENDING", "something new"])
def test_what_the_chain_does_not_have_is_not_taken_yet(load: Load, status: str) -> None:
    taken = taken_of(executed(load, status), "")
    assert (taken.size, taken.cost, taken.is_over) == (0, 0, False)


@pytest.mark.parametrize("status", ["UNMATCHED", "FAILED"])
def test_what_was_not_matched_or_failed_is_over_without_anything(load: Load, status: str) -> None:
    taken = taken_of(executed(load, status), "")
    assert (taken.size, taken.cost, taken.is_over) == (0, 0, True)


@pytest.mark.parametrize(
    "totals",
    [
        {"contractsGross": "0"},
        {"usdGross": "0"},
        {"usdGross": "10752000"},  # a share for a dollar
        {"contractsFee": "10752000"},
        {"contractsGross": "10.752"},
        {"usdGross": "-5"},
        {"usdFee": "1" * 16},
    ],
)
def test_totals_that_no_order_can_have_are_unreadable(load: Load, totals: dict[str, str]) -> None:
    with pytest.raises(UnreadableError):
        taken_of(executed(load, **totals), "")


def test_a_side_that_is_none_is_unreadable(load: Load) -> None:
    told = load("placed")
    told["order"]["side"] = 2
    with pytest.raises(UnreadableError):
        taken_of(message(wire.Placed, told), "")


@given(st.integers(0, 10**15 - 1))
def test_an_amount_is_read_back(number: int) -> None:
    assert amount(str(number)) == number


@given(st.text(max_size=20))
def test_a_text_is_an_amount_or_unreadable(text: str) -> None:
    try:
        assert str(amount(text)).rjust(len(text), "0") == text
    except UnreadableError:
        assert not (text.isascii() and text.isdecimal() and len(text) <= 15)


_VALUES = st.none() | st.booleans() | st.integers(-5, 10**18) | st.text(max_size=8) | st.just([]) | st.just({})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(["placed", "market", "book", "profile"]), st.data())
def test_a_message_with_another_value_is_read_in_bounds_or_unreadable(
    load: Load, name: str, data: st.DataObject
) -> None:
    told = load(name)
    place: Any = told
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(_VALUES)
    with suppress(UnreadableError):
        _check[name](read(_kinds[name], json.dumps(told).encode()))


def _check_placed(placed: wire.Placed) -> None:
    taken = taken_of(placed, "")
    assert 0 <= taken.cost <= taken.size < 10**15
    assert 0 <= taken.withheld <= taken.size


def _check_market(market: wire.Market) -> None:
    for instrument in instruments_of(market, 300):
        assert 0 <= int(instrument.ref) < 2**256
        result = result_of(market, instrument.ref)
        assert result is None or 0 <= result[1] <= 1


def _check_book(book: wire.Book) -> None:
    for token in ("1111", "2222"):
        for level in levels_of(book, token):
            assert 0 < level.cost < MICRO
            assert 0 <= level.size < 10**15


def _check_profile(profile: wire.Profile) -> None:
    who = identity_of(profile, WALLET)
    assert who is None or (who.signer == WALLET.address and 0 <= who.fee_rate_bps <= 1_000)


_check: dict[str, Callable[[Any], None]] = {
    "placed": _check_placed,
    "market": _check_market,
    "book": _check_book,
    "profile": _check_profile,
}
_kinds: dict[str, type[Any]] = {
    "placed": wire.Placed,
    "market": wire.Market,
    "book": wire.Book,
    "profile": wire.Profile,
}
