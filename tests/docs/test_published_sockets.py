"""The socket programs that were published for market making and for the relay run against ours, in Python and under
Node, and what they do is done with our own client. Only addresses and keys differ."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.node import NO_NODE
from tests.patience import PATIENCE_S
from tests.scraping.gateway.test_relay import listening

from .documents import Block
from .published import Pages, call, following, indented, key_of, runnable
from .terminal import Deployment, Terminal, wait

MAKING_PAGE, RELAY_PAGE = "MM WebSocket - Real-Time Updates", "Scraping API WebSocket & AMQP"
MATCH, TOURNAMENT = "id1200077199000001", 771

_SOCKET = re.compile(r"""(?:connect\(|WebSocket\(|uri = )["'](wss://[^"']+)""")
_TARGET = re.compile(r"""url["']?: ["'](wss://[^"']+)""")

MAKING = Block(
    "typescript",
    """import { Gap, Mm } from "hedgerow-client";
const mm = new Mm("http://127.0.0.1:8002", "YOUR_API_KEY");
const stream = await mm.stream({ channels: ["orders", "bets", "scores"] }).ready();
console.log("Subscribed");
for await (const item of stream) {
  if (item instanceof Gap) throw new Error(item.why);
  console.log(`[${item.channel}:${item.event}]`, item.payload);
  if (item.old) console.log(" Changed from:", item.old);
}""",
)
RELAY = Block(
    "typescript",
    """import { Scraping } from "hedgerow-client";
const scraping = new Scraping("http://127.0.0.1:8003", "YOUR_API_KEY");
const relay = await scraping.relay({ url: "TARGET", countries: ["DE"] }).ready();
console.log(`Connected via ${relay.nodeId}`);
relay.send("hello from scraping api");
for await (const frame of relay) console.log("Received:", String(frame));""",
)


def programs_of(page: list[Block]) -> list[Block]:
    """Those that open a socket."""
    return [block for block in page if _SOCKET.search(block.text)]


def only(pattern: re.Pattern[str], programs: list[Block]) -> str:
    """What each of the programs has in that place."""
    (found,) = {one for program in programs for one in pattern.findall(program.text)}
    return str(found)


def test_programs_of_market_making_are_told_orders_hedges_and_scores(
    deployment: Deployment, published: Pages, node_modules: Path | None, typescript: Path | None
) -> None:
    programs = programs_of(published[MAKING_PAGE])
    assert [program.language for program in programs] == ["python", "javascript"]
    key = key_of(deployment, "mm", "rival")
    replaced = {only(_SOCKET, programs): deployment.told["mm"]["ws"], "YOUR_API_KEY": key, **deployment.addresses()}
    terminal = Terminal(deployment.folder, replaced, node_modules, typescript)
    clients = [program for program in (*programs, MAKING) if program.language in runnable(terminal)]
    with following(terminal, clients) as told:
        wait(lambda: all(has(lines, "Subscribed") for lines in told))
        makes_a_market(deployment, key)
        wait(lambda: all(has(lines, "[orders:INSERT]") for lines in told))
        taken = {"fixtureId": MATCH, "outcomeId": 121, "side": "sell", "price": "0.4", "size": 20}
        call(deployment, "POST", "/sim/venues/kalshi/take", taken)
        wait(lambda: all(has(lines, "[bets:INSERT]") for lines in told))
        score = {"result": {"participant1Score": 1, "participant2Score": 0}}
        call(deployment, "PUT", f"/sim/fixtures/{MATCH}", {"statusId": 1, "scores": score})
        for beginning in ("[orders:UPDATE]", " Changed from:", "[scores:UPDATE]"):
            wait(lambda beginning=beginning: all(has(lines, beginning) for lines in told))
        call(deployment, "POST", f"/sim/fixtures/{MATCH}/settle", {"results": {"121": "WON", "122": "LOST"}})
    if node_modules is None:
        pytest.skip(NO_NODE)


def makes_a_market(deployment: Deployment, key: str) -> None:
    """A match that the demonstration's other client quotes: nobody's numbers that a page shows are moved."""
    names = {"participant1Name": "Tove Lind", "participant2Name": "Una Marsh"}
    call(deployment, "PUT", f"/sim/fixtures/{MATCH}", names)
    rows = [
        {"fixtureId": MATCH, "bookmaker": "sharpbet", "outcomeId": outcome, "price": price, "limit": 500}
        for outcome, price in ((121, "1.85"), (122, "2.05"))
    ]
    call(deployment, "PUT", "/sim/odds", rows)
    wait(lambda: is_activated(deployment, key), every_s=1)


def is_activated(deployment: Deployment, key: str) -> bool:
    """False until market making has heard of the match."""
    url = f"{deployment.told['mm']['url']}/api/v1/tournaments/{TOURNAMENT}/activate"
    try:
        with urlopen(Request(url, b"", {"X-API-Key": key}, method="POST"), timeout=PATIENCE_S) as answer:
            return bool(json.load(answer)["status"] == "activated")
    except HTTPError as error:
        error.close()
        return False


async def test_programs_of_the_relay_reach_their_target_and_hear_its_echo(
    deployment: Deployment, published: Pages, node_modules: Path | None, typescript: Path | None
) -> None:
    programs = programs_of(published[RELAY_PAGE])
    assert [program.language for program in programs] == ["python", "javascript"]
    async with listening() as target:
        replaced = {
            only(_SOCKET, programs): deployment.told["scraping"]["ws"],
            only(_TARGET, programs): target.url,
            "TARGET": target.url,
            "YOUR_API_KEY": key_of(deployment, "scraping", "demo"),
            **deployment.addresses(),
        }
        terminal = Terminal(deployment.folder, replaced, node_modules, typescript)
        clients = [program for program in (*programs, RELAY) if program.language in runnable(terminal)]
        # The target answers in this process meanwhile.
        await asyncio.to_thread(hear_the_echo, terminal, clients)
    if node_modules is None:
        pytest.skip(NO_NODE)


def hear_the_echo(terminal: Terminal, clients: list[Block]) -> None:
    with following(terminal, clients) as told:
        wait(lambda: all(len(lines) >= 2 for lines in told))
    for lines in told:
        assert lines == ["Connected via scraping-de1", "Received: hello from scraping api"]


def has(lines: list[str], beginning: str) -> bool:
    return any(line.startswith(beginning) for line in lines)


def test_lost_indentation_is_found_again() -> None:
    lost = (
        "async def run():\nfor one in all:\nif one:\na()\nelif two:\nb()\n"
        "async def tick():\nwhile True:\nc()\nasyncio.create_task(tick())\nif d:\nreturn\ne()\nasyncio.run(run())"
    )
    compile(indented(lost), "published", "exec")
    assert indented(lost).splitlines()[3:] == [
        "            a()",
        "        elif two:",
        "            b()",
        "            async def tick():",
        "                while True:",
        "                    c()",
        "            asyncio.create_task(tick())",
        "            if d:",
        "                return",
        "            e()",
        "asyncio.run(run())",
    ]
