"""Which bridges are used, and how fast."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.venues.bridge import wire
from hedgerow.venues.bridge.terms import NotUsableError, terms_of


def read(info: dict[str, Any], **changes: Any) -> wire.Info:
    return msgspec.convert({**info, **changes}, wire.Info)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"protocol": "2.0"}, "speaks protocol 2.0"),
        ({"bookmaker": "betcris"}, "is the bridge of betcris"),
        ({"access": {"basis": "simulation"}}, "is simulated"),
        ({"simulated": True}, "is simulated"),
        ({"access": {"basis": "a friend's account"}}, "on what ground"),
        ({"currencies": ["EUR"]}, "no accounts in USD"),
        ({"pacing": {"quotesPerMinute": 0, "betsPerMinute": 1, "concurrentBets": 1}}, "takes no requests"),
    ],
)
def test_a_bridge_that_must_not_be_used_is_not(info: dict[str, Any], changes: dict[str, Any], why: str) -> None:
    with pytest.raises(NotUsableError, match=why):
        terms_of(read(info, **changes), "vertex", "USD", may_be_simulated=False)


def test_a_simulated_bridge_is_used_where_the_deployment_names_it(info: dict[str, Any]) -> None:
    simulated = read(info, simulated=True, access={"basis": "simulation"})
    assert terms_of(simulated, "vertex", "USD", may_be_simulated=True).takes_part


@pytest.mark.parametrize(("typical", "send_within_ms"), [(None, 30_000), (1.5, 30_000), (90, 90_000), (9_000, 600_000)])
def test_a_bet_may_wait_as_long_as_the_bridge_decides(
    info: dict[str, Any], typical: float | None, send_within_ms: int
) -> None:
    seconds = None if typical is None else {"typical": typical, "maximum": 9_999}
    terms = terms_of(read(info, decisionSeconds=seconds), "vertex", "USD", may_be_simulated=False)
    assert terms.send_within_ms == send_within_ms


@given(st.integers(2, 10_000))
def test_burst_and_refill_stay_within_the_declared_pace(per_minute: int) -> None:
    pacing = {"quotesPerMinute": per_minute, "betsPerMinute": per_minute, "concurrentBets": 1}
    info = {
        "protocol": "1.0",
        "bookmaker": "vertex",
        "simulated": False,
        "access": {"basis": "manual_desk"},
        "capabilities": [],
        "currencies": ["USD"],
        "pacing": pacing,
    }
    rate = terms_of(read(info), "vertex", "USD", may_be_simulated=False).bets
    assert rate.burst + 60 * rate.per_second <= per_minute + 1e-6
    assert rate.burst >= 1


def test_a_bridge_without_statements_says_so(info: dict[str, Any]) -> None:
    told = [
        terms_of(read(info, capabilities=capabilities), "vertex", "USD", may_be_simulated=False).has_statement
        for capabilities in (["partial"], ["statement_settlement"])
    ]
    assert told == [False, True]
