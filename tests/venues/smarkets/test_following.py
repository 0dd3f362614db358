"""New rows of the ledger as fills and states of orders."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hedgerow.core.states import FillState, OrderStatus
from hedgerow.venues.base import ExchangeEvent, Fill, OrderState
from hedgerow.venues.reading import read
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.following import news, touched
from hedgerow.venues.smarkets.ledger import Story, by_order, story_of

Make = Callable[..., dict[str, Any]]

ORDER_ID = "1518455672861"


def decoded(*rows: dict[str, Any]) -> list[wire.Row]:
    return [read(wire.Row, json.dumps(row).encode()) for row in rows]


def told(new: list[wire.Row], whole: list[wire.Row]) -> tuple[Story, list[ExchangeEvent]]:
    story = story_of(by_order(whole)[ORDER_ID])
    assert story is not None
    return story, news(new, {ORDER_ID: story}, {}, {})


def trade_of(row: Make) -> dict[str, Any]:
    return row(seq=11424, source="order.execute", quantity_user_currency_change=-40_000)


def confirm_of(row: Make) -> dict[str, Any]:
    return row(seq=11425, source="order.execute.confirm", quantity_user_currency=40_000)


def test_a_trade_that_is_confirmed_in_the_same_look_is_told_once(row: Make) -> None:
    rows = decoded(row(), trade_of(row), confirm_of(row))
    _, events = told(rows, rows)
    assert [event.state for event in events if isinstance(event, Fill)] == [FillState.FINAL]
    assert [type(event) for event in events] == [Fill, OrderState]


def test_a_trade_that_is_confirmed_later_is_told_again_under_its_name(row: Make) -> None:
    rows = decoded(row(), trade_of(row), confirm_of(row))
    _, events = told(rows[2:], rows)
    assert [(event.trade_ref, event.state) for event in events if isinstance(event, Fill)] == [
        ("11424.0", FillState.FINAL)
    ]


def test_the_list_goes_before_the_ledger_and_other_rows_are_about_no_order(row: Make) -> None:
    rows = decoded(row(), row(seq=11426, source="market.settle", order_id=None), row(seq=11427, source="order.settle"))
    assert touched(rows) == [ORDER_ID]
    assert touched(rows[1:]) == []
    story, events = told(rows, rows)
    assert events == [story.state]
    listed = replace(story.state, status=OrderStatus.FILLED)
    assert news(rows, {ORDER_ID: story}, {ORDER_ID: listed}, {}) == [listed]
