"""The quickstarts that were published for the API of automated bet placing run against ours: only host and key differ.

They are read where they lie, and never copied here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from hedgerow.core.secrets import Secret
from hedgerow.storage.database import connect_once

from .documents import Block
from .terminal import NO_NODE, PATIENCE_S, Deployment, Terminal, wait

HOST = "v2.55-tech.com"
CURL_PAGES = ("ABP Authentication - API Key Setup", "ABP Error Handling", "ABP Quickstart - Place Your First Bet")
SOCKET_PAGE = "ABP WebSocket - Real-Time Updates"
ORDER_ID, ORDERED, LOOKED_AT = 327, "id1000004461512432", "id1000002361061419"
"""The order's id, its fixture, and the betslip's, as they stand in the pages."""

Pages = Mapping[str, list[Block]]

_PAGE = re.compile(r"^# ([^\n]+)\nSource: ", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="session")
def published(shared: Callable[[str], Path]) -> Pages:
    """The code of the published pages, by the pages' titles."""
    text = "\n".join(path.read_text() for path in sorted(shared("seeds").glob("*.txt")))
    parts = _PAGE.split(text)
    return {title: code_of(page) for title, page in zip(parts[1::2], parts[2::2], strict=True)}


def code_of(page: str) -> list[Block]:
    return [
        Block(found[1], indented(found[2]) if found[1] == "python" else found[2]) for found in _FENCE.finditer(page)
    ]


def indented(python: str) -> str:
    """A program with the indentation that it has lost where it lies: a colon at the end of a line opens a block, `elif`
    goes back to its `if`, and what runs the loop stands at the margin."""
    lines: list[str] = []
    depth = 0
    for line in python.splitlines():
        if line.startswith("elif "):
            depth -= 1
        if line.startswith("asyncio.run("):
            depth = 0
        lines.append("    " * depth + line)
        if line.endswith(":"):
            depth += 1
    return "\n".join(lines)


@pytest.fixture
def terminal(deployment: Deployment, node_modules: Path | None) -> Terminal:
    """With a key of its own, so that no other test's requests count against its limit."""
    made = subprocess.run(
        [sys.executable, "-m", "hedgerow", "keys", "create", "--service", "abp", "--client", "demo"],
        cwd=deployment.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    key, abp = made.stdout.strip(), deployment.told["abp"]
    replaced = {
        f"https://{HOST}": abp["url"],
        f"wss://{HOST}/ws": abp["ws"],
        "YOUR_API_KEY": key,
        "your-api-key": key,
    }
    return Terminal(deployment.folder, replaced, node_modules)


async def test_published_programs_do_what_they_say(
    deployment: Deployment, terminal: Terminal, published: Pages
) -> None:
    await next_order_is(deployment, ORDER_ID)
    for fixture in (ORDERED, LOOKED_AT):
        put_match(deployment, fixture)
    clients = [block for block in published[SOCKET_PAGE] if block.language in runnable(terminal)]
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


def runnable(terminal: Terminal) -> set[str]:
    return {"python", "javascript"} if terminal.node_modules else {"python"}


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


def has_shape(shown: Any, served: Any) -> bool:
    """Whether an answer has all names that are shown, with values of the same kind or null."""
    match shown:
        case dict():
            return isinstance(served, dict) and all(
                name in served and (served[name] is None or has_shape(value, served[name]))
                for name, value in shown.items()
            )
        case [first, *_]:
            return isinstance(served, list) and all(has_shape(first, one) for one in served)
        case bool() | str():
            return type(served) is type(shown)
        case int() | float():
            return isinstance(served, int | float) and not isinstance(served, bool)
    return True


def bets_of(published: Pages, terminal: Terminal) -> list[dict[str, Any]]:
    """The published order's bets, once one is confirmed."""
    curl = next(block for block in published[CURL_PAGES[-1]] if "/bets?" in block.text)
    found: list[dict[str, Any]] = []

    def has_confirmed() -> bool:
        found[:] = json.loads(terminal.run(curl))["bets"]
        return any(bet["betStatus"] == "CONFIRMED" for bet in found)

    wait(has_confirmed, every_s=1)
    return found


@contextmanager
def following(terminal: Terminal, clients: list[Block]) -> Iterator[list[list[str]]]:
    """What the clients print while they run, line by line."""
    told: list[list[str]] = [[] for _ in clients]
    processes = [terminal.start(client) for client in clients]
    readers = [
        threading.Thread(target=read, args=(process, lines)) for process, lines in zip(processes, told, strict=True)
    ]
    for reader in readers:
        reader.start()
    try:
        yield told
    finally:
        for process, reader in zip(processes, readers, strict=True):
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join(PATIENCE_S)


def read(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as out:
        for line in out:
            lines.append(line.rstrip("\n"))  # noqa: PERF401 - it is looked at while it grows


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


def call(deployment: Deployment, method: str, path: str, body: object) -> None:
    """A call of the world's script."""
    request = Request(deployment.told["sim"]["url"] + path, json.dumps(body).encode(), method=method)
    with urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("other", [{}, {"a": "1", "b": []}, {"a": 1}, {"a": 1, "b": [{}]}, {"a": True, "b": []}, []])
def test_answers_of_another_shape_are_noticed(other: object) -> None:
    shown = {"a": 1.5, "b": [{"c": "x"}]}
    assert has_shape(shown, {"a": 1, "b": [{"c": "y"}, {"c": None}], "d": 0})
    assert not has_shape(shown, other)


def test_lost_indentation_is_found_again() -> None:
    lost = "async def run():\nfor one in all:\nif one:\na()\nelif two:\nb()\nasyncio.run(run())"
    compile(indented(lost), "published", "exec")
    assert indented(lost).splitlines()[3:] == [
        "            a()",
        "        elif two:",
        "            b()",
        "asyncio.run(run())",
    ]
