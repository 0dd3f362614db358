"""A Pinnacle client (pinnacle-link-client 1.0.1, generated from the OpenAPI file) reads fixtures, odds and lines.

A field that its models lack is an error. It asks for odds of version 1 and takes periods for a single one, so those two
are fetched plainly and then read by its models. It has no place for credentials: they are part of the address.
Input: rest (with credentials), sport and league (ids), line (fields). Output: what it read, as JSON names.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import requests
from pinnacle_link import PinnacleLink
from pinnacle_link.models import OddsResponse, SportPeriod

GIVEN = json.loads(sys.argv[1])


def plain(path: str, **query: object) -> requests.Response:
    return requests.get(GIVEN["rest"] + path, {"sportId": GIVEN["sport"], **query}, timeout=10)


def run() -> dict[str, Any]:
    client, sport_id = PinnacleLink(GIVEN["rest"]), GIVEN["sport"]
    fixtures = client.fixtures.fixtures_v1_get(sport_id)
    return {
        "sports": client.others.sports_v2_get()._map(),
        "leagues": client.others.leagues_v2_get(str(sport_id))._map(),
        "periods": [SportPeriod._unmap(row)._map() for row in plain("/v1/periods").json()["periods"]],
        "currencies": client.others.currencies_v2_get()._map(),
        "reasons": client.others.cancellation_reasons_v1_get()._map(),
        "running": client.others.in_running_v1_get()._map(),
        "fixtures": fixtures._map(),
        "narrowed": client.fixtures.fixtures_v1_get(sport_id, league_ids=[1, GIVEN["league"]])._map(),
        "elsewhere": client.fixtures.fixtures_v1_get(sport_id, league_ids=[1, 2])._map(),
        "unchanged": plain("/v1/fixtures", since=fixtures.last).text,
        "odds": OddsResponse._unmap(plain("/v2/odds", oddsFormat="Decimal").json())._map(),
        "line": client.line.line_straight_v1_get(**GIVEN["line"])._map(),
        "settled": client.fixtures.fixtures_settled_v1_get(sport_id)._map(),
    }


sys.stdout.write(json.dumps(run()))
