"""The quickstarts that were published for the API of automated bet placing run against ours: only host and key differ.

They are read where they lie, and never copied here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.node import NO_NODE

from hedgerow.core.secrets import Secret
from hedgerow.storage.database import connect_once

from .documents import Block
from .published import Pages, call, following, key_of, runnable
from .terminal import Deployment, Terminal, has_shape, wait

CURL_PAGES = ("ABP Authentication - API Key Setup", "ABP Error Handling", "ABP Quickstart - Place Your First Bet")
SOCKET_PAGE = "ABP WebSocket - Real-Time Updates"
ORDER_ID, ORDERED, LOOKED_AT = 327, "id1000004461512432", "id1000002361061419"
"""The order's id, its fixture, and the betslip's, as they stand in the pages."""

_HOST = re.compile(r"https://([\w.-]+)/place-orders")


def same_with_our_client(host: str) -> Block:
    """What the page's socket programs do, with our own client."""
    program = f"""import {{ Abp, Gap }} from "hedgerow-client";
const abp = new Abp("https://{host}", "YOUR_API_KEY");
const stream = await abp.stream({{ channels: ["orders", "bets", "settlements"] }}).ready();
console.log(`Logged in as ${{(await abp.listAccounts())[0]!.client}}`);
for await (const item of stream) {{
  if (item instanceof Gap) throw new Error(item.why);
  console.log(`[${{item.channel}}:${{item.event}}]`, item.payload);
}}"""
    return Block("typescript", program)


def host_of(published: Pages) -> str:
    """Where the pages place their orders."""
    found = {host for page in CURL_PAGES for block in published[page] for host in _HOST.findall(block.text)}
    (host,) = found
    return host


@pytest.fixture
def terminal(deployment: Deployment, published: Pages, node_modules: Path | None, typescript: Path | None) -> Terminal:
    key, abp, host = key_of(deployment, "abp", "demo"), deployment.told["abp"], host_of(published)
    replaced = {
        f"https://{host}": abp["url"],
        f"wss://{host}/ws": abp["ws"],
        "YOUR_API_KEY": key,
        "your-api-key": key,
    }
    return Terminal(deployment.folder, replaced, node_modules, typescript)


async def test_published_programs_do_what_they_say(
    deployment: Deployment, terminal: Terminal, published: Pages
) -> None:
    await next_order_is(deployment, ORDER_ID)
    for fixture in (ORDERED, LOOKED_AT):
        put_match(deployment, fixture)
    programs = [*published[SOCKET_PAGE], same_with_our_client(host_of(published))]
    clients = [block for block in programs if block.language in runnable(terminal)]
    with following(terminal, clients) as told:
        wait(lambda: all("Logged in as demo" in lines for lines in told))
        for title in CURL_PAGES:
            run_curls(published[title], terminal)
        assert (row := bets_of(published, terminal)[0])["orderId"] == ORDER_ID
        assert (row["placedPrice"], row["betStatus"]) == (1.98, "CONFIRMED")
        call(
            deployment,
            "POST",
            f"/sim/fixtures/{ORDERED}/settle",
            {"results": {"101": "LOST", "102": "LOST", "103": "WON"}},
        )
        for event in ("orders:INSERT", "orders:UPDATE", "bets:INSERT", "bets:UPDATE", "settlements:SETTLED"):
            wait(lambda event=event: all(any(line.startswith(f"[{event}]") for line in lines) for lines in told))
    curl, shown = next(pair for pair in pairwise(published[CURL_PAGES[-1]]) if "/pnl" in pair[0].text)
    assert has_shape(json.loads(shown.text), found := json.loads(terminal.run(curl)))
    assert found["totalSettledBets"] > 0
    settled = bets_of(published, terminal)[0]
    assert (settled["settlementStatus"], settled["settlementAmount"]) == ("WON", 19.8)
    if terminal.node_modules is None:
        pytest.skip(NO_NODE)


def run_curls(blocks: list[Block], terminal: Terminal) -> None:
    """Runs every curl. A JSON block behind one shows its answer, a comment above one too."""
    for block, after in pairwise([*blocks, Block("", "")]):
        if block.language != "bash":
            continue
        answers = list(values(terminal.run(block)))
        assert answers, block.text
        if promised := re.findall(r"^# .* → \d+ (\{.*\})$", block.text, re.MULTILINE):
            assert answers == [json.loads(answer) for answer in promised]
        elif after.language == "json" and "type" not in (shown := json.loads(after.text)):
            assert has_shape(shown, answers[0]), f"{block.text}\nanswered\n{answers[0]}"


def values(text: str) -> Iterator[Any]:
    """The JSON values that stand one behind the other."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()


def bets_of(published: Pages, terminal: Terminal) -> list[dict[str, Any]]:
    """The published order's bets, once one is confirmed."""
    curl = next(block for block in published[CURL_PAGES[-1]] if "/bets?" in block.text)
    found: list[dict[str, Any]] = []

    def has_confirmed() -> bool:
        found[:] = json.loads(terminal.run(curl))["bets"]
        return any(bet["betStatus"] == "CONFIRMED" for bet in found)

    wait(has_confirmed, every_s=1)
    return found


async def next_order_is(deployment: Deployment, order_id: int) -> None:
    connection = await connect_once(Secret(deployment.told["database_url"]))
    await connection.execute(f"alter table abp_orders alter column order_id restart with {order_id}")
    await connection.close()


def put_match(deployment: Deployment, fixture: str) -> None:
    """A football match that two bookmakers quote."""
    call(
        deployment, "PUT", f"/sim/fixtures/{fixture}", {"participant1Name": "Alva Town", "participant2Name": "Benfield"}
    )
    prices = [("pinnacle", 101, 2.5), ("pinnacle", 102, 3.4), ("pinnacle", 103, 1.98), ("sharpbet", 101, 2.4)]
    odds = [
        {"fixtureId": fixture, "bookmaker": slug, "outcomeId": outcome, "price": price, "limit": 500}
        for slug, outcome, price in prices
    ]
    call(deployment, "PUT", "/sim/odds", odds)


@pytest.mark.parametrize("other", [{}, {"a": "1", "b": []}, {"a": 1}, {"a": 1, "b": [{}]}, {"a": True, "b": []}, []])
def test_answers_of_another_shape_are_noticed(other: object) -> None:
    shown = {"a": 1.5, "b": [{"c": "x"}]}
    assert has_shape(shown, {"a": 1, "b": [{"c": "y"}, {"c": None}], "d": 0})
    assert not has_shape(shown, other)
