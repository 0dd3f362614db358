"""Large bodies through `/fetch`, both ways: held once, and never more than once."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest

from .gatewaykit import Net

MIB = 1024 * 1024
SIZE = 24 * MIB
PART = 64 * 1024
FORMS = {
    "letters": "type=text/html;charset%3Dutf-8&hex=c3a4",
    "binary": "type=image/png&hex=00ff",
    "json": "type=application/json&begin=[%22&end=%22]",
    "unknown": "",
}


@contextmanager
def held(most: float) -> Iterator[None]:
    """No more than so many bytes of Python's at one time within the block: of gateway, agent, target and client."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak / MIB:.1f} MiB"


async def fetched(net: Net, path: str, url: str, key: dict[str, str]) -> int:
    """How many bytes were answered, none of which is kept."""
    async with net.http.stream("GET", path, headers={"X-Target-URL": url, **key}) as answer:
        assert answer.status_code == 200
        return sum([len(part) async for part in answer.aiter_raw()])


@pytest.mark.parametrize("form", FORMS)
async def test_an_answers_body_is_held_once(net: Net, site: str, known, form: str) -> None:
    await net.join("de1")
    with held(1.5 * SIZE):
        assert await fetched(net, "/fetch", f"{site}/sized/{SIZE}?{FORMS[form]}", known) >= SIZE


async def test_an_answers_body_is_held_once_by_asgi_too(net: Net, site: str) -> None:
    await net.join("de1")
    key = await net.key()
    with held(1.5 * SIZE):
        assert await fetched(net, "/fetch?", f"{site}/sized/{SIZE}?{FORMS['json']}", key) >= SIZE


async def parts(text: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(text), PART):
        yield text[start : start + PART]


@pytest.mark.parametrize("text", ['"\\n', "😀"])
async def test_an_envelopes_body_is_held_once_and_comes_unchanged(net: Net, site: str, text: str) -> None:
    await net.join("de1")
    key = await net.key()
    body = text * (SIZE // len(json.dumps(text)))
    sent = json.dumps({"method": "PUT", "body": body}).encode()
    told = body.encode()
    expected = {"bytes": len(told), "sha256": sha256(told).hexdigest()}
    del body, told
    with held(1.5 * SIZE):
        answer = await net.fetch(f"{site}/counted", key, "POST", content=parts(sent))
    counted = answer.json()["raw_json"]
    assert {name: counted[name] for name in expected} == expected
    assert counted["headers"]["Content-Length"] == str(expected["bytes"])


@pytest.mark.parametrize("begins", ["{", "x"])
async def test_another_body_is_held_once_or_not_at_all(net: Net, site: str, begins: str) -> None:
    await net.join("de1")
    key = await net.key()
    sent = begins.encode() + bytes(SIZE)
    with held(1.5 * SIZE if begins == "{" else 4 * MIB):
        answer = await net.fetch(f"{site}/counted", key, "POST", content=parts(sent))
    counted = answer.json()["raw_json"]
    assert (counted["bytes"], counted["sha256"]) == (len(sent), sha256(sent).hexdigest())
