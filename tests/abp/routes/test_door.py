"""Keys: what a closed door says, and how many requests it lets through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .apikit import KEY, RIVAL_KEY, Api


async def said(api: Api, key: str | None) -> tuple[int, Any]:
    headers = {} if key is None else {"X-API-Key": key}
    api.http.headers.pop("X-API-Key", None)
    answer = await api.http.get("/accounts", headers=headers)
    return answer.status_code, answer.json()["detail"] if answer.status_code != 200 else None


async def test_missing_key_is_named_so(api: Api) -> None:
    assert await said(api, None) == (401, {"message": "Missing X-API-Key header", "code": "UNAUTHORIZED"})


async def test_unknown_key_is_invalid(api: Api) -> None:
    told = (401, {"message": "Invalid API key", "code": "UNAUTHORIZED"})
    assert await said(api, KEY[:-1] + "f") == told
    assert await said(api, "wrong-key") == told


async def test_inactive_key_is_forbidden(api: Api) -> None:
    await api.accounts.set_key_active(KEY[:8], False)
    assert await said(api, KEY) == (403, {"message": "API key is inactive", "code": "FORBIDDEN"})


async def test_expired_key_is_forbidden(api: Api) -> None:
    other = "7b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d009"
    await api.accounts.create_key("acme", "abp", key=other, expires_at=api.clock.now() + timedelta(seconds=1))
    assert await said(api, other) == (200, None)
    api.clock.advance(1)
    assert await said(api, other) == (403, {"message": "API key has expired", "code": "FORBIDDEN"})


async def test_each_key_has_a_limit_of_its_own(api: Api) -> None:
    one, two = "1b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d009", "2b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d009"
    for key in (one, two):
        await api.accounts.create_key("acme", "abp", key=key, per_minute=2)
    assert [(await said(api, one))[0] for _ in range(3)] == [200, 200, 429]
    assert (await said(api, two))[0] == 200
    refused = await api.http.get("/accounts", headers={"X-API-Key": one})
    assert refused.json() == {"detail": "Rate limit exceeded"}
    told = [refused.headers[name] for name in ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining")]
    assert told == ["60", "2", "0"]


async def test_key_comes_before_the_body(api: Api) -> None:
    api.http.headers.pop("X-API-Key")
    answer = await api.http.post("/accounts", content=b"not json")
    assert answer.status_code == 401


async def test_another_clients_key_shows_nothing_of_ours(api: Api) -> None:
    api.http.headers["X-API-Key"] = RIVAL_KEY
    assert await api.get("/accounts") == []
