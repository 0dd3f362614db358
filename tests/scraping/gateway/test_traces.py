"""The traces of fetches, as a collector has them."""

from __future__ import annotations

from tests.otlpkit import collecting, facts

from .gatewaykit import Net

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HIDDEN = "hunter2secretvalue"


async def test_fetch_is_one_tree_over_the_link_and_tells_no_secret(net: Net, site: str) -> None:
    key = await net.key()
    given = {"traceparent": f"00-{TRACE}-{PARENT}-01", "Authorization": f"Bearer {HIDDEN}", "Cookie": HIDDEN}
    with collecting("gateway") as collector:
        await net.join("de1")
        answer = await net.fetch(f"{site}/echo?token={HIDDEN}", key, "POST", headers=given, content=HIDDEN)
    assert answer.status_code == 200
    assert HIDDEN in answer.text  # the target had it
    told = [value for name, value in answer.json()["raw_json"]["headers"] if name.lower() == "traceparent"]
    assert told == [given["traceparent"]]  # the client's own word, with no span of ours

    assert collector.tree("scraping.fetch") == (
        "scraping.fetch",
        [("scraping.attempt", [("agent.fetch", [])])],
    )
    asked = collector.named("scraping.fetch")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (TRACE, PARENT)
    facts_told = facts(asked)
    assert (facts_told["http.response.status_code"], facts_told["hedgerow.client"]) == (200, "demo")
    assert facts(collector.named("scraping.attempt"))["hedgerow.agent"] == "de1"
    secrets = [HIDDEN, key["X-API-Key"]]
    assert not [body for body in collector.bodies for one in secrets if one.encode() in body]


async def test_target_is_told_of_no_trace_that_is_ours(net: Net, site: str) -> None:
    key = await net.key()
    with collecting("gateway") as collector:
        await net.join("de1")
        answer = await net.fetch(f"{site}/echo", key)
    assert answer.status_code == 200
    assert "traceparent" not in answer.text.lower()
    assert collector.named("agent.fetch").trace_id.hex() not in answer.text
