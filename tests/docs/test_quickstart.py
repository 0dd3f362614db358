"""The README's first five minutes, typed as they stand."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.patience import PATIENCE_S

from .documents import ROOT, blocks, section, statements
from .terminal import Deployment, Terminal, exact, run_page, wait

MATCH = "id1200023199000001"


def test_first_five_minutes_are_as_written(deployment: Deployment) -> None:
    names = {
        "$KEY": deployment.told["mm"]["keys"][0]["key"],
        "$MM": deployment.told["mm"]["url"],
        "$SIM": deployment.told["sim"]["url"],
        "$MATCH": MATCH,
    }
    text = section((ROOT / "README.md").read_text(), "### Trade in it")
    typed = [words for block in blocks(text, "sh") for words in statements(_filled_in(block.text, names))]
    match, odds, activate, open_orders, explain, take, bets, settle, pnl = [w for w in typed if w[0] == "curl"]

    call(match)
    assert call(odds) == {"accepted": 2}
    wait(lambda: call(activate).get("status") == "activated")
    wait(lambda: [order["orderStatus"] for order in call(open_orders)["orders"]] == ["PLACED"] * 30)
    shown = as_shown(text, "orderId")
    number = shown.pop("orderId")  # the other pages' orders on this deployment have taken numbers too
    wait(lambda: order_like(shown, call(open_orders)["orders"]) is not None)
    here = order_like(shown, call(open_orders)["orders"])
    explain = [word.replace(f"/orders/{number}/", f"/orders/{here}/") for word in explain]
    assert call(explain)["data"][0]["why"]["legs"][0]["odds"] == Decimal("2.05")
    assert call(take)["matched"] == 20
    bet = as_shown(text, "betId")
    del bet["betId"]  # the other pages' bets on this deployment have taken numbers too
    assert bet["orderId"] == number
    bet["orderId"] = here
    wait(lambda: [bet.items() <= row.items() for row in call(bets)["data"]] == [True])
    call(settle)
    earned = as_shown(text, "netRealizedSpread")
    wait(lambda: earned.items() <= call(pnl).items())


def test_placing_a_bet_is_as_written(deployment: Deployment) -> None:
    text = section((ROOT / "README.md").read_text(), "### Place a bet")
    run_page(blocks(text), Terminal(deployment.folder, deployment.addresses()))


def _filled_in(shell: str, names: dict[str, str]) -> str:
    """With the values for the names; the longer name first, since one begins like another."""
    for name in sorted(names, key=len, reverse=True):
        shell = shell.replace(name, names[name])
    return shell


def as_shown(text: str, key: str) -> dict[str, Any]:
    """The answer's part that the page shows."""
    found = [exact(block.text) for block in blocks(text, "json")]
    return next(shown for shown in found if next(iter(shown)) == key)


def order_like(shown: dict[str, Any], orders: list[dict[str, Any]]) -> int | None:
    """The number of the first order that has all that is shown."""
    return next((order["orderId"] for order in orders if shown.items() <= order.items()), None)


def call(words: list[str]) -> Any:
    """What a curl command gets; refusals too."""
    method, body, headers, url = "GET", None, {}, ""
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-s":
                continue
            case "-X":
                method = next(rest)
            case "-d":
                body = next(rest).encode()
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case _:
                url = word
    try:
        with urlopen(Request(url, body, headers, method=method), timeout=PATIENCE_S) as answer:
            return json.load(answer, parse_float=Decimal)
    except HTTPError as error:
        with error:
            return json.load(error)
