"""Errors of the services as both clients raise them: by class, with code, text and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.abp.routes import apikit as abp
from tests.contract.askers import WAYS, Ask, asking
from tests.mm.routes import apikit as mm

from hedgerow.abp.validation import DUPLICATE
from hedgerow.bus.nats import Bus
from hedgerow.client.errors import (
    BadRequestError,
    ConflictError,
    DuplicateError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotServedError,
    RateLimitedError,
    ServiceError,
    ServiceFailedError,
    UnauthorizedError,
)
from hedgerow.mm.commands import CancelOutcome
from hedgerow.storage.database import Database

CLIENTS = [way for way in WAYS if way != "http"]
ACCOUNT = {"bookmaker": "pinnacle", "username": "pinnacle_main"}
REQUEST = "eb45b192-317b-42d5-9f65-af497b9fa8c2"
ORDER = {
    "requestUuid": REQUEST,
    "fixtureId": abp.FIXTURE,
    "outcomeId": 121,
    "orderPrice": 2,
    "orderStake": 5,
    "userRef": "a",
    "testOrder": False,
}
FUTURE = {name: value for name, value in ORDER.items() if name != "fixtureId"} | {"futureId": "f"}
THE_ACCOUNT = "/accounts/{bookmaker}/{username}"

CASES: list[tuple[str, str, str, Any, type[ServiceError], str]] = [
    ("get", "/orders", "/orders", None, BadRequestError, "At least one filter"),
    ("get", "/bets/{bet_id}", "/bets/987654", None, NotFoundError, "Bet not found"),
    ("get", THE_ACCOUNT, "/accounts/pinnacle/nobody", None, NotFoundError, "not found"),
    ("post", "/accounts", "/accounts", ACCOUNT, ConflictError, "exists"),
    ("post", "/place-orders", "/place-orders", {"orders": []}, InvalidError, "body.orders"),
    ("post", "/place-orders", "/place-orders", {"orders": [FUTURE]}, NotServedError, "not yet implemented"),
    ("post", "/place-orders", "/place-orders", {"orders": [ORDER]}, DuplicateError, "Duplicate request"),
]


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[abp.Api]:
    async with abp.serving(database, nats) as found:
        found.placing.reasons[REQUEST] = DUPLICATE
        yield found


async def raised(ask: Ask, *request: Any) -> ServiceError:
    with pytest.raises(ServiceError) as found:
        await ask(*request)
    return found.value


@pytest.mark.parametrize("way", CLIENTS)
async def test_every_error_has_its_class_and_says_what_was_wrong(api: abp.Api, way: str) -> None:
    async with asking(way, api.app, "abp", abp.KEY) as ask:
        for method, path, asked, body, kind, text in CASES:
            error = await raised(ask, method, path, asked, body)
            assert type(error) is kind, f"{method} {asked}: {error!r}"
            assert text in error.text
            assert error.remedy
        assert isinstance(error, DuplicateError)
        assert error.uuids == [REQUEST]


@pytest.mark.parametrize("way", CLIENTS)
async def test_keys_that_may_not_are_told_by_code(api: abp.Api, way: str) -> None:
    async with asking(way, api.app, "abp", abp.RIVAL_KEY) as ask:
        error = await raised(ask, "get", THE_ACCOUNT, "/accounts/pinnacle/pinnacle_main", None)
        assert (type(error), error.code) == (ForbiddenError, "FORBIDDEN")
    async with asking(way, api.app, "abp", "wrong") as ask:
        error = await raised(ask, "get", "/accounts", "/accounts", None)
        assert (type(error), error.code) == (UnauthorizedError, "UNAUTHORIZED")


@pytest.mark.parametrize("way", CLIENTS)
async def test_limit_is_waited_out_within_bounds(api: abp.Api, way: str) -> None:
    narrow = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d0ff"
    await api.accounts.create_key("acme", "abp", key=narrow, per_minute=1)
    async with asking(way, api.app, "abp", narrow, patience_s=0.5) as ask:
        await ask("get", "/accounts", "/accounts", None)
        error = await raised(ask, "get", "/accounts", "/accounts", None)
        assert isinstance(error, RateLimitedError)
        assert error.retry_after_s is not None
        assert error.retry_after_s > 0.5


@pytest.mark.parametrize("way", CLIENTS)
async def test_cancel_that_worked_in_part_tells_which(database: Database, nats: Bus, way: str) -> None:
    async with mm.serving(database, nats) as served:
        served.market_making.outcome = CancelOutcome((1,), {2: "too late"})
        async with asking(way, served.app, "mm", mm.KEY, "/api/v1") as ask:
            error = await raised(ask, "post", "/orders/cancel-all", "/orders/cancel-all", None)
    assert isinstance(error, ServiceFailedError)
    assert (error.status, error.body["cancelledOrderIds"], error.body["failedOrderIds"]) == (502, [1], [2])
