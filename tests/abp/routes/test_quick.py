"""What is read quickly is what the models would have read; everything else is left to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.routes.placing import asked_for
from hedgerow.abp.routes.quick import read
from hedgerow.abp.schemas import PlaceOrdersRequest
from hedgerow.storage.database import decode_json

ORDER = {
    "requestUuid": "eb45b192-317b-42d5-9f65-af497b9fa8c1",
    "fixtureId": "id1200231461061419",
    "outcomeId": 121,
    "orderPrice": 1.95,
    "orderStake": 10,
    "userRef": "bettor1",
    "testOrder": False,
}
OTHER_VALUES: dict[str, list[Any]] = {
    "requestUuid": ["EB45B192317B42D59F65AF497B9FA8C1", "{eb45b192-317b-42d5-9f65-af497b9fa8c1}", "1", None],
    "fixtureId": ["", "x" * 200, "x" * 201, "a\x00b", "a\n", 7, None],
    "futureId": [None, "fut_1", ""],
    "participantId": [0, None, 5, "5", "x", 1.0],
    "outcomeId": [0, -1, 2**63 - 1, 2**63, "121", 121.0, True],
    "playerId": [7, -1, None, "7"],
    "orderPrice": [1, 100_000, 100_000.01, 0, -1, "1.95", "NaN", 1e400, True, None, 1e-30, [2]],
    "orderStake": [0.30, 0, 1e20, "10", " 10", "1_0", False, None, {}],
    "userRef": ["", "ü" * 200, "x" * 201, "\x00", None],
    "testOrder": [True, "true", 1, None],
    "bookmakers": ["pinnacle, vertex,", "*", "", "x" * 2001, None, ["pinnacle"]],
    "orderCurrency": ["EUR", "EUR\n", "eur", "E", None],
    "back": [False, "no", None],
    "expiresAt": [
        "2026-02-07T22:26:05Z",
        "2026-02-07T22:26:05.123456+02:00",
        "2026-02-07T22:26:05",
        "2026-02-07",
        1_770_500_000,
        None,
    ],
    "acceptBetterOdds": [False, 0, None],
    "acceptPartialStake": [False, "false", None],
    "priceRule": ["average", "each", "Average", "both", "", 1, None],
    "meta": [{"n": 0.1, "deep": {"list": [1, 2.50]}}, {}, None, [], "x", {"n": ["\x00"]}, {"\x00": 1}, {"n": 1e400}],
    "unknown": [1],
    "order_stake": [5],
    "player_id": [5],
}

changes = st.lists(
    st.sampled_from([(name, value) for name, values in OTHER_VALUES.items() for value in values]), max_size=3
)
left_out = st.sets(st.sampled_from(sorted(ORDER)), max_size=1)


def body_of(*orders: dict[str, Any]) -> bytes:
    return json.dumps({"orders": orders}).replace("Infinity", "1e400").encode()


@given(st.lists(st.tuples(changes, left_out), min_size=0, max_size=3))
def test_quick_reading_says_what_the_models_say_or_nothing(
    several: list[tuple[list[tuple[str, Any]], set[str]]],
) -> None:
    orders = [
        {name: value for name, value in (ORDER | dict(changed)).items() if name not in without}
        for changed, without in several
    ]
    body = body_of(*orders)
    if (found := read(body)) is not None:
        asked = PlaceOrdersRequest.model_validate(decode_json(body))
        assert found == asked_for(asked)
        assert [str(one.price) for one in found] == [str(one.order_price) for one in asked.orders]


@pytest.mark.parametrize(
    "name",
    [
        "orderPrice",
        "bookmakers",
        "expiresAt",
        "meta",
        "playerId",
        "orderCurrency",
        "back",
        "participantId",
        "priceRule",
    ],
)
def test_usual_orders_are_read_quickly(name: str) -> None:
    found = read(body_of(ORDER, ORDER | {name: OTHER_VALUES[name][0]}))
    assert found is not None
    assert len(found) == 2


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"orders": []}', b'{"orders": [1]}', b"\xff", body_of(*[ORDER] * 101)]
)
def test_what_is_no_list_of_orders_is_left_to_the_models(body: bytes) -> None:
    assert read(body) is None
