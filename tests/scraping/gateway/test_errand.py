"""`/fetch` for clients that are known: requests that the gateway serves without a task."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import httpx
import pytest
from tests.scraping.targets import held

from hedgerow.core.tasks import spawn
from hedgerow.scraping.gateway import errand
from hedgerow.scraping.gateway.errand import Errands
from hedgerow.scraping.gateway.request import read_control

from .gatewaykit import Net

HOST = "127.0.0.1"


async def test_an_answer_is_what_others_get(net: Net, site: str, known, monkeypatch) -> None:
    await net.join("de1")
    answers = [await net.fetch(f"{site}/given?type=text/plain&body=here", known)]
    monkeypatch.undo()
    # A query of ours is none of a fetch's: it is only not served without ASGI.
    headers = {"X-Target-URL": f"{site}/given?type=text/plain&body=here", **known}
    answers.append(await net.http.get("/fetch?", headers=headers))
    told = [answer.json() for answer in answers]
    for one in told:
        one["meta"].pop("elapsed_ms")
    assert told[0] == told[1]
    assert told[0]["raw"] == "here"
    assert [name for name, _ in answers[0].headers.items()] == [name for name, _ in answers[1].headers.items()]


@pytest.mark.parametrize("size", [0, 70_000, 300_000, 3_000_001])
async def test_a_body_of_any_size_comes_whole(net: Net, site: str, known, size) -> None:
    await net.join("de1")
    for _ in range(2):
        told = (await net.fetch(f"{site}/sized/{size}", known)).json()
        assert (told["raw"] or "") == "x" * size


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"X-Target-URL": ""}, 400, "Missing"),
        ({"X-Target-URL": "nonsense"}, 400, "URL"),
        ({"X-Geo": "Germany"}, 400, "country"),
        ({"X-Timeout": "soon"}, 400, "timeout"),
        ({"X-Geo": "JP"}, 502, "JP"),
        ({"X-Target-URL": "http://10.0.0.1/"}, 403, "private address"),
        ({"X-Target-URL": "http://127.0.0.1:9/"}, 502, "cannot be connected"),
    ],
    ids=str,
)
async def test_what_cannot_be_done_says_why(net: Net, known, headers, status, said) -> None:
    await net.join("de1")
    answer = await net.http.get("/fetch", headers={"X-Target-URL": "http://127.0.0.1:9/", **known, **headers})
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert "x-request-id" in answer.headers
    assert net.gateway.desk.under_way == {}


async def test_every_request_of_a_connection_is_what_it_says_itself(net: Net, site: str, known) -> None:
    await net.join("de1")
    for body in ("one", "one", "other", "one"):
        assert (await net.fetch(f"{site}/given?body={body}", known)).json()["raw"] == body
    told = [await net.fetch(f"{site}/given?body=1", {**known, **more}) for more in ({}, {"X-Expect-JSON": "1"}, {})]
    assert [answer.json()["raw_json"] for answer in told] == [None, 1, None]
    assert (await net.fetch(f"{site}/given?body=1", {**known, "X-Timeout": "soon"})).status_code == 400


@pytest.mark.parametrize(("headers", "reads"), [(1, 1), (5, 3)])
async def test_headers_that_are_said_again_are_read_once_unless_they_are_large(
    net: Net, site: str, known, monkeypatch, headers, reads
) -> None:
    read: list[object] = []
    monkeypatch.setattr(errand, "read_control", lambda *said: read.append(said) or read_control(*said))
    await net.join("de1")
    own = {f"X-Own-{number}": "x" * 4000 for number in range(headers)}
    for _ in range(3):
        answer = await net.fetch(f"{site}/given?body=here", known | own)
        assert answer.json()["raw"] == "here"
    assert len(read) == reads


def test_a_request_that_is_kept_shows_no_key() -> None:
    assert "geheim" not in repr(errand._Said([(b"x-api-key", b"geheim")], *[None] * 4))  # type: ignore[arg-type]


async def test_what_a_key_may_no_more_is_refused_on_a_connection_that_did_it(net: Net, site: str, known) -> None:
    await net.join("de1")
    assert [(await net.fetch(f"{site}/given", known)).status_code for _ in range(2)] == [200, 200]
    believed = cast("Errands", net.gateway.app.quick_doors[b"/fetch"])._keys._known
    for digest, (at_s, caller) in believed.items():
        believed[digest] = at_s, replace(caller, key=replace(caller.key, targets_deny=(HOST,)))
    answer = await net.fetch(f"{site}/given", known)
    assert (answer.status_code, "deny list" in answer.text) == (403, True)


async def test_a_slow_target_is_504(net: Net, site: str, known) -> None:
    await net.join("de1")
    assert (await net.fetch(f"{site}/slow", known, headers={"X-Timeout": "0.1"})).status_code == 504
    assert net.gateway.desk.under_way == {}


@pytest.mark.parametrize("others", [0, 1])
async def test_a_fetch_whose_agent_is_lost_goes_to_another_if_there_is_one(
    net: Net, site: str, known, eventually, others
) -> None:
    for number in range(1 + others):
        await net.join(f"de{number}")
    with held() as (path, go_on):
        asked = spawn(net.fetch(site + path, known, headers={"X-Explain": "1"}), "fetch")
        await eventually(lambda: any(agent.load for agent in net.agents.values()))
        working = next(slug for slug, agent in net.agents.items() if agent.load)
        lost = net.gateway.desk.links.agent(working)
        assert lost is not None
        lost.socket.abort("as if it was killed")
        go_on.set()
        answer = await asked
    if others:
        outcomes = [one["outcome"] for one in answer.json()["meta"]["route"]["attempts"]]
        assert outcomes == ["lost", "answered"]
    else:
        assert (answer.status_code, "scraping-de0 was lost" in answer.json()["detail"]) == (502, True)
    assert net.gateway.desk.under_way == {}


async def test_a_client_that_goes_away_takes_its_work_with_it_at_once(net: Net, site: str, known, eventually) -> None:
    agent = await net.join("de1")
    with pytest.raises(httpx.ReadTimeout):
        await net.fetch(f"{site}/slow", known, timeout=0.2)
    await eventually(lambda: agent.load == 0)
    assert net.gateway.desk.under_way == {}


async def test_as_many_at_one_time_as_the_key_may(net: Net, site: str) -> None:
    await net.join("de1")
    key = await net.key(max_concurrent=2)
    await net.fetch(f"{site}/given", key)
    with held() as (path, go_on):
        asked = [spawn(net.fetch(site + path, key), "fetch") for _ in range(3)]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)  # the one that is refused
        go_on.set()
        answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]


async def test_what_was_used_is_counted_to_the_request(net: Net, site: str, known) -> None:
    await net.join("de1")
    for path in ("given?body=12345", "given?status=500&body=123"):
        await net.fetch(f"{site}/{path}", known)
    await net.fetch("http://127.0.0.1:9/", known)
    told = (await net.http.get("/usage", headers=known)).json()
    assert (told["total"], told["success"], told["fail"]) == (3, 2, 1)
    assert told["top_domains"] == [{"domain": HOST, "requests": 3}]
    assert told["bytes_transferred"] == 5 + 3
