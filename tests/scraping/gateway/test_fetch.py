"""`/fetch` from the client to a real target and back."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli import forked
from tests.cli.conftest import environment
from tests.patience import PATIENCE_S
from tests.scraping.targets import BINARY, held

from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.fetch import Fetch, Fetcher
from hedgerow.scraping.gateway import fetch
from hedgerow.scraping.linksocket import Channel

from .gatewaykit import Net

HOST = "127.0.0.1"
BODY = "correct horse battery staple"


@pytest.fixture
async def key(net: Net) -> dict[str, str]:
    return await net.key()


async def test_an_answer_has_the_targets_status_headers_and_agent(net: Net, site: str, key) -> None:
    await net.join("de1")
    answer = await net.fetch(f"{site}/given?status=404&type=text/plain&body=gone", key)
    told = answer.json()
    assert answer.status_code == 200
    assert (told["raw"], told["raw_json"]) == ("gone", None)
    meta = told["meta"]
    assert (meta["status"], meta["blocked"], meta["bytes"]) == (404, False, 4)
    assert (meta["agent"], meta["http_version"]) == ({"id": "scraping-de1"}, "HTTP/1.1")
    assert meta["headers"]["content-type"].startswith("text/plain")
    assert meta["final_url"].startswith(site)


async def test_json_is_passed_on_digit_for_digit(net: Net, site: str, key) -> None:
    await net.join("de1")
    answer = await net.fetch(f"{site}/given?type=application/json&body=[1.10,1e400,12345678901234567890]", key)
    assert '"raw":null,"raw_json":[1.10,1e400,12345678901234567890]}' in answer.text


async def test_a_binary_body_is_base64(net: Net, site: str, key) -> None:
    await net.join("de1")
    told = (await net.fetch(f"{site}/binary", key)).json()
    assert told["meta"]["encoding"] == "base64"
    assert b64decode(told["raw"]) == BINARY


async def test_a_large_body_comes_whole(net: Net, site: str, key) -> None:
    await net.join("de1")
    told = (await net.fetch(f"{site}/sized/3000001", key)).json()
    assert told["raw"] == "x" * 3_000_001


async def seen(net: Net, site: str, key, headers: dict[str, str], **given: Any) -> dict[str, str]:
    """The headers that the target gets."""
    told = (await net.fetch(f"{site}/echo", key, headers=headers, **given)).json()["raw_json"]
    return {name.lower(): value for name, value in told["headers"]}


async def test_control_headers_and_the_caller_never_reach_the_target(net: Net, site: str, key) -> None:
    await net.join("de1")
    given = {
        "X-Geo": "DE", "X-CC": "DE", "X-Agent": "de1", "X-Timeout": "9", "X-Expect-JSON": "1", "X-Explain": "1",
        "X-Forwarded-For": "1.2.3.4", "Connection": "X-Hop", "X-Hop": "1", "X-Mine": "kept", "Cookie": "a=1",
    }  # fmt: skip
    got = await seen(net, site, key, given)
    assert (got["x-mine"], got["cookie"], got["host"]) == ("kept", "a=1", site.removeprefix("http://"))
    allowed = {"host", "x-mine", "cookie", "accept", "accept-encoding", "user-agent"}
    assert got.keys() - allowed == set()


END_TO_END = {
    "X-Request-ID": "mine-1", "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Tracestate": "a=b", "Via": "1.1 mine", "Accept-Encoding": "gzip;q=0.5",
}  # fmt: skip


async def test_every_end_to_end_header_reaches_the_target_as_it_was_given(net: Net, site: str, key) -> None:
    await net.join("de1")
    got = await seen(net, site, key, END_TO_END)
    assert {name: got.get(name.lower()) for name in END_TO_END} == END_TO_END
    answer = await net.fetch(f"{site}/echo", key, headers=END_TO_END)
    assert answer.headers["X-Request-ID"] != "mine-1"  # ours tells apart what one client calls by one name


async def test_an_envelopes_headers_are_the_targets_under_whatever_name(net: Net, site: str, key) -> None:
    await net.join("de1")
    own = {"X-API-Key": "of the target", "X-Country": "XX", "X-Geo": "elsewhere", "X-Timeout": "never", "X-Agent": "7"}
    hidden = {"Host": "other", "Connection": "X-Hop", "X-Hop": "1", "X-Again": key["X-API-Key"]}
    envelope = {"headers": own | END_TO_END | hidden, "body": "x"}
    got = await seen(net, site, key, {"X-Country": "DE"}, method="POST", json=envelope)
    assert {name: got.get(name.lower()) for name in own | END_TO_END} == own | END_TO_END
    assert got["host"] == site.removeprefix("http://")
    assert not {"x-hop", "x-again", "connection"} & got.keys()


@pytest.mark.parametrize("how", ["gzip", "zstd"])
async def test_a_packed_answer_is_unpacked_though_the_client_says_what_it_takes(net: Net, site: str, key, how) -> None:
    await net.join("de1")
    told = (await net.fetch(f"{site}/packed/{how}", key, headers={"Accept-Encoding": "br, gzip, zstd"})).json()
    assert told["raw"] == "packed " * 1000
    assert "content-encoding" not in told["meta"]["headers"]


async def test_an_envelope_describes_the_request(net: Net, site: str, key) -> None:
    await net.join("de1")
    envelope = {"method": "PUT", "headers": {"X-A": "1"}, "body": '{"k": 1}', "timeout": 5, "allow_redirects": False}
    told = (await net.fetch(f"{site}/echo", key, "POST", json=envelope)).json()["raw_json"]
    seen = {name.lower(): value for name, value in told["headers"]}
    assert (told["method"], told["body"], seen["x-a"]) == ("PUT", '{"k": 1}', "1")
    assert "content-type" not in seen


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_any_other_body_goes_on_as_it_is(net: Net, site: str, key, method) -> None:
    await net.join("de1")
    sent = b'{"method": "GET", "other": 1}'
    answer = await net.fetch(f"{site}/echo", key, method, content=sent, headers={"Content-Type": "application/json"})
    told = answer.json()["raw_json"]
    assert (told["method"], told["body"]) == (method, sent.decode())


async def test_a_body_that_comes_in_pieces_is_passed_on(net: Net, site: str, key) -> None:
    await net.join("de1")

    async def pieces():
        for _ in range(40):
            yield b"piece " * 10_000

    told = (await net.fetch(f"{site}/echo", key, "POST", content=pieces())).json()["raw_json"]
    assert told["body"] == "piece " * 400_000


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"X-Target-URL": ""}, 400, "Missing"),
        ({"X-Target-URL": "ftp://a"}, 400, "http"),
        ({"X-Target-URL": "nonsense"}, 400, "URL"),
        ({"X-Geo": "Germany"}, 400, "country"),
        ({"X-Country": "XX"}, 400, "country"),
        ({"X-Geo": "DE", "X-Geo-Strict": "Germany"}, 400, "'GERMANY'"),
        ({"X-Timeout": "soon"}, 400, "timeout"),
        ({"X-Timeout": "-1"}, 400, "timeout"),
        ({"X-Proxy": "ftp://a"}, 400, "proxy"),
        ({"X-Geo": "JP"}, 502, "JP"),
        ({"X-Agent": "zz9"}, 502, "zz9"),
        ({"X-Target-URL": "http://10.0.0.1/"}, 403, "private address"),
        ({"X-Target-URL": "http://0x0a000001/"}, 403, "private address"),
        ({"X-Target-URL": "http://127.0.0.1:9/"}, 502, "cannot be connected"),
    ],
    ids=str,
)
async def test_what_cannot_be_done_says_why(net: Net, key, headers, status, said) -> None:
    await net.join("de1")
    answer = await net.http.get("/fetch", headers={"X-Target-URL": "http://127.0.0.1:9/", **key, **headers})
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


async def test_keys_are_needed_and_must_work(net: Net) -> None:
    target = {"X-Target-URL": "http://127.0.0.1:9/"}
    missing = await net.http.get("/fetch", headers=target)
    wrong = await net.http.get("/fetch", headers={**target, "X-API-Key": "nonsense"})
    assert (missing.status_code, wrong.status_code) == (401, 403)
    assert isinstance(missing.json()["detail"], str)


async def test_a_slow_target_is_504(net: Net, site: str, key) -> None:
    await net.join("de1")
    answer = await net.fetch(f"{site}/slow", key, headers={"X-Timeout": "0.2"})
    assert answer.status_code == 504


async def test_a_body_that_stops_coming_is_504(net: Net, site: str, key, monkeypatch) -> None:
    monkeypatch.setattr(fetch, "GRACE_S", 0.2)
    await net.join("de1")

    async def stops() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        yield b"x"
        await asyncio.sleep(2)  # the client reads the answer after it

    answer = await net.fetch(f"{site}/echo", key, "POST", headers={"X-Timeout": "0.3"}, content=stops())
    assert (answer.status_code, net.gateway.desk.under_way) == (504, {})


async def test_an_answers_body_that_stops_coming_is_504_and_says_so(net: Net, site: str, key) -> None:
    await net.join("de1")
    answer = await net.fetch(f"{site}/stalling", key, headers={"X-Timeout": "0.3"})
    assert (answer.status_code, answer.json()["detail"]) == (504, "no whole answer within 0.3 s (reading the body)")


@pytest.mark.parametrize("given", [{"headers": {"X-Timeout": "301"}}, {"method": "POST", "json": {"timeout": 1e9}}])
async def test_an_agent_is_never_told_more_than_the_longest_timeout(
    net: Net, site: str, key, monkeypatch, given
) -> None:
    told: list[float] = []
    understand = Fetcher.understand

    def listen(self: Fetcher, channel: Channel, head: bytes) -> Fetch:
        found = understand(self, channel, head)
        told.append(found.request.timeout_s)
        return found

    monkeypatch.setattr(Fetcher, "understand", listen)
    await net.join("de1")
    assert (await net.fetch(f"{site}/echo", key, **given)).status_code == 200
    assert set(told) == {300.0}


async def test_a_body_above_the_limit_is_502_and_names_it(net: Net, site: str, key) -> None:
    await net.join("de1")
    answer = await net.fetch(f"{site}/sized/{40 * 1024 * 1024}", key)
    assert (answer.status_code, "32 MiB" in answer.json()["detail"]) == (502, True)


@pytest.mark.parametrize("begins", [b"x", b"{"])
@pytest.mark.parametrize("is_told", [True, False], ids=["of a length", "in chunks"])
async def test_a_request_with_a_body_above_the_limit_is_502_and_names_it(
    net: Net, site: str, key, begins, is_told
) -> None:
    await net.join("de1")

    async def pieces() -> AsyncIterator[bytes]:
        yield begins + bytes(1024 * 1024 - 1)
        for _ in range(32):
            yield bytes(1024 * 1024)

    headers = {"Content-Length": str(33 * 1024 * 1024)} if is_told else {}
    answer = await net.fetch(f"{site}/counted", key, "POST", headers=headers, content=pieces())
    assert (answer.status_code, answer.json()["detail"]) == (502, "The request's body is larger than 32 MiB")


async def test_a_body_of_the_limit_passes_both_ways(net: Net, site: str, key) -> None:
    await net.join("de1")
    most = 32 * 1024 * 1024
    told = (await net.fetch(f"{site}/counted", key, "POST", content=b"x" * most)).json()["raw_json"]
    assert told["bytes"] == most
    assert (await net.fetch(f"{site}/sized/{most}", key)).json()["meta"]["bytes"] == most


async def test_without_agents_it_is_502(net: Net, site: str, key) -> None:
    assert (await net.fetch(f"{site}/echo", key)).status_code == 502


# --- limits ----------------------------------------------------------------------------------------------------


async def test_a_new_key_has_ten_requests_a_second(net: Net, database_url: Secret, tmp_path: Path) -> None:
    await net.accounts.add_client("acme", "Acme")
    command = ["keys", "create", "--service", "scraping", "--client", "acme"]
    given = environment(HEDGEROW_DATABASE_URL=database_url.reveal())
    made = await asyncio.to_thread(
        forked.run, command, says="", environment=given, folder=tmp_path, patience_s=PATIENCE_S
    )
    key = {"X-API-Key": made.stdout.strip()}
    told = (await net.http.get("/usage", headers=key)).json()["rate_limit"]
    assert (told["rps"], told["burst"]) == (10.0, 10)
    answer = await net.fetch("http://10.0.0.1/", key)
    assert answer.headers["X-RateLimit-Limit"] == "10"


async def test_a_key_has_a_burst_of_a_second_and_is_told_what_is_left(net: Net, site: str) -> None:
    await net.join("de1")
    took_s = 1.0
    while took_s > 0.3:  # a third of a second later there is one more
        key, began_s = await net.key(Decimal(3)), time.monotonic()
        answers = [await net.fetch(f"{site}/echo", key) for _ in range(4)]
        took_s = time.monotonic() - began_s
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert (answers[-1].headers["Retry-After"], answers[-1].headers["X-RateLimit-Limit"]) == ("1", "3")


async def test_a_key_has_as_many_requests_at_one_time_as_it_may(net: Net, site: str) -> None:
    await net.join("de1")
    key = await net.key(max_concurrent=2)
    with held() as (path, go_on):
        asked = [spawn(net.fetch(site + path, key), "fetch") for _ in range(3)]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)  # the one that is refused
        go_on.set()
        answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
    assert (await net.fetch(f"{site}/echo", key)).status_code == 200


async def test_a_keys_lists_hold(net: Net, site: str) -> None:
    await net.join("de1")
    denied = await net.key(targets_deny=(HOST,))
    allowed = await net.key(targets_allow=("example.com",))
    assert (await net.fetch(f"{site}/echo", denied)).status_code == 403
    assert (await net.fetch(f"{site}/echo", allowed)).status_code == 403


# --- choice, health ----------------------------------------------------------------------------------------------


async def test_countries_and_agents_are_chosen_by_filter(net: Net, site: str, key) -> None:
    await net.join("de1", "DE")
    await net.join("gb2", "GB")
    for headers, node in (
        ({"X-Geo": "uk"}, "scraping-gb2"),
        ({"X-Geo-CC": "gb"}, "scraping-gb2"),
        ({"X-Geo-Strict": "GB, AT"}, "scraping-gb2"),
        ({"X-CC": "DE"}, "scraping-de1"),
        ({"X-Country": "DE,AT"}, "scraping-de1"),
        ({"X-Agent": "gb2,zz9"}, "scraping-gb2"),
        ({"X-Agent": "scraping-de1"}, "scraping-de1"),
    ):
        told = (await net.fetch(f"{site}/echo", key, headers=headers)).json()
        assert told["meta"]["agent"]["id"] == node


async def test_all_agents_get_work(net: Net, site: str, key) -> None:
    for slug in ("de1", "de2", "de3"):
        await net.join(slug)
    nodes = {(await net.fetch(f"{site}/echo", key)).json()["meta"]["agent"]["id"] for _ in range(40)}
    assert len(nodes) == 3


async def test_the_pick_that_is_shown_is_the_one_that_is_used(net: Net, site: str, key) -> None:
    for slug in ("de1", "de2", "de3"):
        await net.join(slug)
    shown = (await net.http.get("/debug/pick", params={"url": site}, headers=key)).json()
    assert shown["valid_until_epoch_ms"] > 0
    for _ in range(5):
        told = (await net.fetch(f"{site}/echo", key)).json()
        assert told["meta"]["agent"]["id"] == shown["node_id"]


@pytest.mark.parametrize("name", ["X-Geo", "X-Geo-CC", "X-Geo-Strict", "X-CC", "X-Country", "X-Agent"])
async def test_a_pick_follows_every_header_that_the_next_request_does(net: Net, site: str, key, name) -> None:
    await net.join("de1", "DE")
    await net.join("gb2", "GB")
    for value in ("gb2", "de1"):
        headers = {**key, name: value if name == "X-Agent" else value[:2]}
        shown = (await net.http.get("/debug/pick", params={"url": site}, headers=headers)).json()
        assert (shown["node_slug"], shown["country"]) == (value, value[:2].upper())


@pytest.mark.parametrize(
    ("url", "headers", "status", "said"),
    [
        (None, {}, 400, "url"),
        ("", {}, 400, "url"),
        ("ftp://a.test", {}, 400, "http"),
        ("http://a.test", {"X-Geo-CC": "Germany"}, 400, "'GERMANY'"),
        ("http://a.test", {"X-Geo": "DE", "X-Country": "XX"}, 400, "'XX'"),
        ("http://a.test", {"X-Timeout": "soon"}, 400, "timeout"),
        ("http://a.test", {"X-CC": "JP"}, 502, "JP"),
    ],
)
async def test_a_pick_that_cannot_be_says_why(net: Net, key, url, headers, status, said) -> None:
    await net.join("de1")
    asked = {} if url is None else {"url": url}
    answer = await net.http.get("/debug/pick", params=asked, headers={**key, **headers})
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert isinstance(answer.json()["detail"], str)


async def test_a_block_is_said_and_excludes_the_agent_there(net: Net, site: str, key) -> None:
    await net.join("de1")
    await net.join("de2")
    blocked = (await net.fetch(f"{site}/given?status=429", key)).json()["meta"]
    assert (blocked["status"], blocked["blocked"]) == (429, True)
    others = {(await net.fetch(f"{site}/echo", key)).json()["meta"]["agent"]["id"] for _ in range(10)}
    assert others == {"scraping-de1", "scraping-de2"} - {blocked["agent"]["id"]}
    health = (await net.http.get(f"/network/health/{HOST}", headers=key)).json()
    assert (health["nodes_checked"], health["limited"], health["available"]) == (2, 1, 1)
    await net.fetch(f"{site}/given?status=451", key)
    excluded = await net.fetch(f"{site}/echo", key)
    assert (excluded.status_code, "excluded" in excluded.json()["detail"]) == (502, True)


async def test_a_limit_that_one_key_met_holds_for_that_key_and_says_so(net: Net, site: str, key) -> None:
    await net.join("de1")
    other = await net.key()
    await net.fetch(f"{site}/given?status=429", key)
    assert (await net.fetch(f"{site}/echo", key)).status_code == 502
    assert (await net.fetch(f"{site}/echo", other)).status_code == 200
    await net.join("de2")
    told = (await net.fetch(f"{site}/echo", key, headers={"X-Explain": "1"})).json()["meta"]["route"]["candidates"]
    assert {one["id"]: one.get("reason") for one in told} == {
        "scraping-de1": "limited by the target, for this key alone",
        "scraping-de2": None,
    }


async def test_explain_tells_how_it_was_chosen(net: Net, site: str, key) -> None:
    await net.join("de1", "DE")
    await net.join("us3", "US")
    told = (await net.fetch(f"{site}/echo", key, headers={"X-Explain": "1", "X-Geo": "US"})).json()["meta"]["route"]
    assert told["picked"] == "scraping-us3"
    assert {one["id"]: one.get("reason") for one in told["candidates"]} == {
        "scraping-de1": "other country",
        "scraping-us3": None,
    }
    assert [(one["agent"], one["outcome"]) for one in told["attempts"]] == [("us3", "answered")]


# --- agents that die ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 502)])
async def test_a_get_whose_agent_is_lost_goes_to_another_and_a_post_does_not(
    net: Net, site: str, key, method, status, eventually
) -> None:
    await net.join("de1")
    await net.join("de2")
    with held() as (path, go_on):
        asked = spawn(net.fetch(site + path, key, method, headers={"X-Explain": "1"}), "fetch")
        await eventually(lambda: any(agent.load for agent in net.agents.values()))
        working = next(slug for slug, agent in net.agents.items() if agent.load)
        lost = net.gateway.desk.links.agent(working)
        assert lost is not None
        lost.socket.abort("as if it was killed")
        go_on.set()
        answer = await asked
    assert answer.status_code == status
    if method == "GET":
        outcomes = [one["outcome"] for one in answer.json()["meta"]["route"]["attempts"]]
        assert outcomes == ["lost", "answered"]


async def test_the_loss_of_the_only_agent_is_told_by_its_name(net: Net, site: str, key, eventually) -> None:
    agent = await net.join("de1")
    with held() as (path, _):
        asked = spawn(net.fetch(site + path, key), "fetch")
        await eventually(lambda: agent.load > 0)
        linked = net.gateway.desk.links.agent("de1")
        assert linked is not None
        linked.socket.abort("as if it was killed")
        answer = await asked
    said = "The agent scraping-de1 was lost while it worked on the request, and no other can take it"
    assert (answer.status_code, answer.json()["detail"]) == (502, said)


async def test_a_client_that_goes_away_takes_its_work_with_it(net: Net, site: str, key, eventually) -> None:
    agent = await net.join("de1")
    with pytest.raises(httpx.ReadTimeout):
        await net.fetch(f"{site}/slow", key, timeout=0.3)
    await eventually(lambda: agent.load == 0)


# --- logs --------------------------------------------------------------------------------------------------------


async def test_bodies_of_fetches_are_in_no_log(net: Net, site: str, key, logged, monkeypatch) -> None:
    await net.join("de1")
    asked = [{"content": f"plain {BODY}"}, {"json": {"body": BODY}}, {"json": {"body": 1, "method": BODY}}]
    answers = [await net.fetch(f"{site}/echo", key, "POST", **given) for given in asked]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert [BODY in answer.text for answer in answers[:2]] == [True, True]
    monkeypatch.setattr(fetch.FetchDoor, "told", lambda *_: 1 / 0)
    assert (await net.fetch(f"{site}/echo", key, "POST", content=BODY)).status_code == 500
    written = logged()
    assert (BODY in written, "agent linked" in written, "ZeroDivisionError" in written) == (False, True, True)


# --- use ---------------------------------------------------------------------------------------------------------


async def test_what_was_used_is_counted_to_the_request(net: Net, site: str) -> None:
    await net.join("de1")
    key = await net.key(Decimal(50))
    for path in ("given?body=12345", "given?status=500&body=123"):
        await net.fetch(f"{site}/{path}", key)
    await net.fetch("http://127.0.0.1:9/", key)
    await net.fetch(f"{site}/given", key, "POST", content=b"1234567")
    told = (await net.http.get("/usage", headers=key)).json()
    assert (told["total"], told["success"], told["fail"], told["success_rate"]) == (4, 3, 1, 75.0)
    assert told["by_protocol"] == {"fetch": 4, "ws": 0, "amqp": 0, "browser": 0}
    assert told["top_domains"] == [{"domain": HOST, "requests": 4}]
    assert (told["rate_limit"]["rps"], told["rate_limit"]["burst"]) == (50.0, 50)
    assert told["bytes_transferred"] >= 5 + 3 + 7


async def test_the_network_is_told(net: Net, key) -> None:
    await net.join("at5", "AT")
    await net.join("de1", "DE")
    agents = (await net.http.get("/network/agents", headers=key)).json()
    assert agents == {
        "total": 2,
        "nodes": [
            {"slug": "at5", "name": "scraping-at5", "country": "AT"},
            {"slug": "de1", "name": "scraping-de1", "country": "DE"},
        ],
    }
    status = (await net.http.get("/network/status", headers=key)).json()
    assert status == {"total_nodes": 2, "total_countries": 2, "nodes_by_country": {"AT": 1, "DE": 1}}
    geo = (await net.http.get("/network/geo", headers=key)).json()
    assert geo["countries"][0] == {"country": "AT", "count": 1, "nodes": ["at5"]}


async def test_what_needs_no_key_needs_none_and_the_rest_does(net: Net) -> None:
    for path in ("/", "/healthz", "/ws/docs"):
        assert (await net.http.get(path)).status_code == 200
    assert (await net.http.get("/healthz")).json() == {"ok": True}
    for path in ("/usage", "/network/agents", "/network/health/a.test", "/debug/pick?url=http://a.test"):
        assert (await net.http.get(path)).status_code == 401, path
        assert (await net.http.get(path, headers={"X-API-Key": "x"})).status_code == 403, path
