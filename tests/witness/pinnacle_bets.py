"""A Pinnacle client (pinnacle-bets-client 1.0.0, generated from the OpenAPI file) places and reads bets.

Input: rest, username, password, today and tomorrow (days), `bets` (fields of requests by name, the client's spelling),
`read` (bet ids). Output: what was answered, as JSON names.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from pinnacle import Pinnacle
from pinnacle.models import Betlist, PlaceBetRequest
from pinnacle.net.transport.request_error import RequestError

GIVEN = json.loads(sys.argv[1])


def rows(answer: Any) -> list[dict[str, Any]]:
    return [bet._map() for bet in answer.straight_bets]


def tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RequestError as error:
        return [error.status, error.response.body["code"]]


def run() -> dict[str, object]:
    client = Pinnacle(GIVEN["username"], GIVEN["password"], GIVEN["rest"])
    days = {"from_date": GIVEN["today"], "to_date": GIVEN["tomorrow"]}
    read = client.get_bets.bets_get_bets_by_type_v4
    placed = {
        name: tried(lambda fields=fields: client.place_bets.bets_straight_v2(PlaceBetRequest(**fields))._map())
        for name, fields in GIVEN["bets"].items()
    }
    page = read(betlist=Betlist.RUNNING, page_size=1, **days)
    stranger = Pinnacle(GIVEN["username"], "wrong", GIVEN["rest"])
    return {
        "status": client.betting_status.bets_get_betting_status()._map()["status"],
        "placed": placed,
        "running": rows(read(betlist=Betlist.RUNNING, **days)),
        "page": [page.more_available, page.page_size, page.from_record, page.to_record],
        "settled": rows(read(betlist=Betlist.SETTLED, **days)),
        "by_id": rows(read(betids=GIVEN["read"])),
        "stranger": tried(stranger.betting_status.bets_get_betting_status),
    }


sys.stdout.write(json.dumps(run()))
