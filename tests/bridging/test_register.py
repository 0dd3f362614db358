"""Taking bets in: once for a reference, never against a fence, at the declared pace; and what is kept of them."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hedgerow.bridging.problems import ProblemError
from hedgerow.bridging.store import KEPT_DAYS, Store
from hedgerow.bridging.wire import State
from hedgerow.core.errors import SetupError

from .bank import ACCOUNT, PLACED, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, bets_per_minute=5, concurrent_bets=3)
    yield made
    made.store.close()


def test_the_same_bet_twice_is_one_and_another_one_is_refused(shop: Shop) -> None:
    reference, request = str(uuid.uuid4()), shop.request()
    first, is_new = shop.register.put(ACCOUNT, reference, request)
    assert is_new
    assert shop.register.put(ACCOUNT, reference, request) == (first, False)
    with pytest.raises(ProblemError, match="409") as conflict:
        shop.register.put(ACCOUNT, reference, shop.request(stake="11"))
    assert conflict.value.body.bet == first


def test_a_fence_before_its_bet_keeps_it_out_for_good(shop: Shop) -> None:
    reference = str(uuid.uuid4())
    assert shop.register.fence(ACCOUNT, reference).outcome == "not_placed"
    with pytest.raises(ProblemError, match="410 fenced"):
        shop.register.put(ACCOUNT, reference, shop.request())
    assert shop.register.fence(ACCOUNT, reference).outcome == "not_placed"


def test_a_fence_withdraws_what_was_not_sent_and_says_the_same_again(shop: Shop) -> None:
    reference = shop.put()
    assert [shop.register.fence(ACCOUNT, reference).outcome for _ in range(2)] == ["withdrawn"] * 2
    assert shop.register.begin(ACCOUNT, reference) is None


def test_a_fence_after_the_sending_finds_the_bet(shop: Shop) -> None:
    reference = shop.put()
    shop.register.begin(ACCOUNT, reference)
    result = shop.register.fence(ACCOUNT, reference)
    assert (result.outcome, result.bet) == ("exists", shop.bet(reference))
    assert shop.register.put(ACCOUNT, reference, shop.store.find(ACCOUNT, reference).request)[1] is False  # type: ignore[union-attr]


def test_a_bet_is_begun_once(shop: Shop) -> None:
    reference = shop.put()
    assert shop.register.begin(ACCOUNT, reference) is not None
    assert shop.register.begin(ACCOUNT, reference) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"not_after": "2026-11-21T11:59:59.999Z"}, "expired"),
        ({"side": "lay"}, "unsupported"),
        ({"fill": "up_to"}, "unsupported"),
        ({"currency": "EUR"}, "currency_not_allowed"),
    ],
)
def test_what_the_bridge_cannot_do_is_rejected_and_never_sent(shop: Shop, changes: dict[str, str], code: str) -> None:
    reference = shop.put(**changes)
    bet = shop.bet(reference)
    assert (bet.state, bet.sent_at, bet.rejection and bet.rejection.code) == (State.REJECTED, None, code)
    assert shop.register.begin(ACCOUNT, reference) is None


@pytest.mark.parametrize(
    "changes",
    [{"stake": "0"}, {"stake": "-1"}, {"stake": "0.0000001"}, {"limit_price": "1"}, {"not_after": "soon"}],
)
def test_what_is_no_bet_is_malformed(shop: Shop, changes: dict[str, str]) -> None:
    with pytest.raises(ProblemError, match="422 malformed"):
        shop.put(**changes)


def test_bets_above_the_pace_are_turned_away_until_it_has_passed(shop: Shop) -> None:
    for _ in range(5):
        shop.put(side="lay")
    with pytest.raises(ProblemError, match="429") as refused:
        shop.put()
    assert (refused.value.body.outcome, refused.value.body.retry_after_seconds) == ("not_placed", 60.0)
    shop.clock.advance(60)
    shop.put()


def test_bets_that_wait_for_a_decision_are_limited_in_number(shop: Shop) -> None:
    first, *_ = (shop.put() for _ in range(3))
    with pytest.raises(ProblemError, match="3 bets are not decided yet"):
        shop.put()
    shop.register.begin(ACCOUNT, first)
    shop.register.decide(ACCOUNT, first, PLACED)
    shop.put()


# --- what is kept ------------------------------------------------------------------------------------------------


def test_revisions_go_on_above_all_others_after_a_restore(shop: Shop) -> None:
    shop.put()
    shop.store.close()
    backup = shop.path.read_bytes()
    shop.open()
    last = shop.bet(shop.put()).revision
    shop.store.close()
    shop.path.write_bytes(backup)
    shop.open()
    assert shop.bet(shop.put()).revision > last


def test_a_lost_count_of_revisions_is_not_guessed(shop: Shop) -> None:
    shop.put()
    shop.store.close()
    shop.path.with_name("bridge.sqlite.revisions").write_text("many")
    with pytest.raises(SetupError, match="highest revision"):
        shop.open()
    shop.path.with_name("bridge.sqlite.revisions").write_text("7000")
    shop.open()
    assert shop.bet(shop.put()).revision == 7001


def test_two_bridges_do_not_share_a_store(shop: Shop) -> None:
    shop.store.close()
    shop.open()  # and has written nothing yet
    with pytest.raises(SetupError, match="another bridge"):
        Store(shop.path, shop.clock)


def test_a_store_of_another_version_is_refused(shop: Shop) -> None:
    shop.store.close()
    with sqlite3.connect(shop.path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(SetupError, match="version 99"):
        shop.open()
    with sqlite3.connect(shop.path) as database:
        database.execute("PRAGMA user_version=1")
    database.close()
    shop.open()


def test_references_are_known_for_longer_than_the_protocol_asks_and_not_for_ever(shop: Shop) -> None:
    over, fenced, taken = shop.put(side="lay"), str(uuid.uuid4()), shop.put()
    shop.register.fence(ACCOUNT, fenced)
    shop.register.begin(ACCOUNT, taken)
    shop.clock.advance(90 * 86_400)
    assert (shop.store.forget_old(), shop.store.is_fenced(ACCOUNT, fenced)) == (0, True)
    shop.clock.advance((KEPT_DAYS - 89) * 86_400)
    assert (shop.store.forget_old(), shop.store.is_fenced(ACCOUNT, fenced)) == (1, False)
    assert shop.store.find(ACCOUNT, over) is None
    assert shop.store.find(ACCOUNT, taken) is not None  # nobody knows what became of it


def test_the_store_is_private_and_holds_no_float(shop: Shop) -> None:
    shop.put()
    assert shop.path.stat().st_mode & 0o777 == 0o600
    kinds = shop.store._db.execute("SELECT DISTINCT upper(type) FROM pragma_table_info('bets')").fetchall()
    assert {kind for (kind,) in kinds} == {"TEXT", "INTEGER"}
