"""The front door of a service: ids, bounds, errors, health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from hedgerow.api.answers import JsonAnswer
from hedgerow.api.app import new_app
from hedgerow.api.door import MOST_BODY_BYTES, camel_names
from hedgerow.core.errors import ApiError, Reason, Refused
from hedgerow.core.tasks import VitalTaskError, spawn, watched
from hedgerow.storage.database import UnreachableError

JSON = {"Content-Type": "application/json"}


class Thing(BaseModel):
    amount: Decimal


async def fine() -> str | None:
    return None


async def broken() -> str | None:
    return "the feed is silent"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = new_app("mm", title="Test", description="", checks={"fine": fine})

    @app.post("/things")
    async def things(thing: Thing, page_size: int = 1, pageSize: int = 0) -> JsonAnswer:  # noqa: N803
        return JsonAnswer({"amount": thing.amount, "pageSize": pageSize})

    @app.get("/fails/{how}")
    async def fails(how: str) -> None:
        raise {
            "api": ApiError(409, "not now", {"X-Why": "state"}),
            "storage": UnreachableError("postgresql://user:hunter2@host"),
            "venue": Refused("kalshi", "cancel", "secret words", reason=Reason.AUTH),
        }.get(how, RuntimeError("secret words"))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as found:
        yield found


async def test_decimals_pass_through_digit_for_digit(http: httpx.AsyncClient) -> None:
    answer = await http.post("/things", content=b'{"amount": 0.10000000000000000005}', headers=JSON)
    assert answer.content == b'{"amount":0.10000000000000000005,"pageSize":0}'


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/fails/api", 409, "not now"),
        ("/fails/storage", 503, "The database is not available"),
        ("/fails/venue", 502, "kalshi could not carry out the request"),
        ("/fails/other", 500, "Internal server error"),
        ("/nowhere", 404, "Not Found"),
    ],
)
async def test_errors_tell_nothing_of_the_inside(http: httpx.AsyncClient, path: str, status: int, detail: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    assert "X-Request-ID" in answer.headers


async def test_invalid_input_is_named_but_not_repeated(http: httpx.AsyncClient) -> None:
    answer = await http.post("/things", json={"amount": "hunter2"})
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert (fault["loc"], sorted(fault)) == (["body", "amount"], ["loc", "msg", "type"])
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1e]"])
async def test_what_is_not_json_is_422(http: httpx.AsyncClient, body: bytes) -> None:
    assert (await http.post("/things", content=body, headers=JSON)).status_code == 422


async def test_given_request_id_comes_back_and_a_wild_one_does_not(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz", headers={"X-Request-ID": "abc-1"})).headers["X-Request-ID"] == "abc-1"
    assert (await http.get("/healthz", headers={"X-Request-ID": "a b"})).headers["X-Request-ID"] != "a b"


async def test_body_beyond_the_bound_is_413_announced_or_not(http: httpx.AsyncClient) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"1" * (MOST_BODY_BYTES // 2)

    assert (await http.post("/things", content=b"1" * (MOST_BODY_BYTES + 1), headers=JSON)).status_code == 413
    assert (await http.post("/things", content=stream(), headers=JSON)).status_code == 413


async def test_query_names_have_two_spellings(http: httpx.AsyncClient) -> None:
    for name in ("pageSize", "page_size"):
        answer = await http.post("/things", json={"amount": 1}, params={name: 7})
        assert answer.json()["pageSize"] == 7


def test_only_names_of_the_query_are_respelled() -> None:
    assert camel_names(b"fixture_id=a_b&x=%00&from_date=") == b"fixtureId=a_b&x=%00&fromDate="


def test_values_of_the_query_stay_as_they_are_byte_for_byte() -> None:
    assert camel_names(b"user_ref=%C3%84_%FF&x=\xc3\x84") == b"userRef=%C3%84_%FF&x=%C3%84"


async def test_service_is_ready_when_every_check_is_fine(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"fine": "ok"})


async def test_service_that_cannot_work_says_why() -> None:
    checks: Any = {"fine": fine, "feed": broken}
    app = new_app("mm", title="Test", description="", checks=checks)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        answer = await http.get("/readyz")
        assert (await http.get("/healthz")).status_code == 200
    assert (answer.status_code, answer.json()["checks"]["feed"]) == (503, "the feed is silent")


async def test_service_whose_vital_task_failed_is_not_ready() -> None:
    app = new_app("mm", title="Test", description="", checks={"fine": fine})
    answers: list[httpx.Response] = []

    async def feed() -> None:
        raise LookupError("nobody thought of it")

    async def service() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
            spawn(feed(), "feed", is_vital=True)
            try:
                await asyncio.sleep(10)
            finally:
                answers.append(await http.get("/readyz"))

    with pytest.raises(VitalTaskError):
        await watched(service())
    told = {"fine": "ok", "tasks": "'feed' failed: LookupError: nobody thought of it"}
    assert (answers[0].status_code, answers[0].json()["checks"]) == (503, told)


async def test_requests_are_counted_by_route_and_not_by_path(http: httpx.AsyncClient) -> None:
    await http.get("/fails/api")
    metrics = (await http.get("/metrics")).text
    assert 'hedgerow_api_requests_total{route="/fails/{how}",service="mm",status="409"}' in metrics
    assert 'route="/fails/api"' not in metrics
