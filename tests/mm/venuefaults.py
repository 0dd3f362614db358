"""What goes wrong at the simulated venues, in the words of the script (`sim.faults`, and each dialect's `patch`).

Every exchange knows the faults of `_AT_ALL`. What only some know is named with them, and why the others do not:

- `disconnectStream`: not Matchbook and Smarkets, which have no streams and are polled.
- `failTradeRate`: Polymarket, predict.fun and SX settle trades on a chain after they were told, and Smarkets confirms
  them; elsewhere a trade is final at once.
- Pauses and suspensions: Kalshi (`tradingActive`, `exchangeActive`) and Betfair (`suspended`). The other simulators
  close a market with its match, and know no suspension without an end.
- Ended logins: Betfair, Matchbook, Smarkets (`endSessions`), ProphetX and 4casters (`endTokens`). At the others each
  request carries its own proof.
- Lost frames (`loseFrame`) and subscriptions that end (`endSubscriptions`): Kalshi alone numbers frames and says so.
- Delays in play: the match is not played during the day.

Budgets are no switch: every simulator counts requests, and a storm of odds (`FaultDay`) brings us to its limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Fault = Mapping[str, Any]
"""Switches of one venue that are set together."""

THE_MARKET = "the match's market"
"""Stands for the venue's id of the market that is traded."""

_AT_ALL: tuple[Fault, ...] = (
    {"rejectRate": "0.5"},
    {"loseResponseRate": "0.5"},
    {"duplicateFills": True},
    {"acceptDelayMs": 900},
    {"latencyMs": 400},
    {"down": True},
)
_CUT_STREAMS: Fault = {"disconnectStream": True}
_FAILED_TRADES: Fault = {"failTradeRate": "0.4"}
_ENDED_SESSIONS: Fault = {"endSessions": True}
_ENDED_TOKENS: Fault = {"endTokens": True}

AT_EXCHANGES: Mapping[str, tuple[Fault, ...]] = MappingProxyType(
    {
        "polymarket": (*_AT_ALL, _CUT_STREAMS, _FAILED_TRADES),
        "polymarket.us": (*_AT_ALL, _CUT_STREAMS),
        "kalshi": (
            *_AT_ALL,
            _CUT_STREAMS,
            {"tradingActive": False},
            {"exchangeActive": False},
            {"endSubscriptions": 25},
            {"loseFrame": True},
        ),
        "novig.us": (*_AT_ALL, _CUT_STREAMS),
        "sx.bet": (*_AT_ALL, _CUT_STREAMS, _FAILED_TRADES),
        "betfair-ex": (*_AT_ALL, _CUT_STREAMS, _ENDED_SESSIONS, {"suspended": THE_MARKET}),
        "prophetx": (*_AT_ALL, _CUT_STREAMS, _ENDED_TOKENS),
        "matchbook": (*_AT_ALL, _ENDED_SESSIONS),
        "smarkets": (*_AT_ALL, _ENDED_SESSIONS, _FAILED_TRADES),
        "4casters": (*_AT_ALL, _CUT_STREAMS, _ENDED_TOKENS),
        "predict.fun": (*_AT_ALL, _CUT_STREAMS, _FAILED_TRADES),
    }
)

_AT_ALL_BOOKMAKERS: tuple[Fault, ...] = (
    {"rejectRate": "0.6"},
    {"loseResponseRate": "0.6"},
    {"priceMove": "-0.02"},
    {"acceptDelayMs": 1500},
    {"latencyMs": 700},
    {"down": True},
)
_AT_BRIDGES: tuple[Fault, ...] = (*_AT_ALL_BOOKMAKERS, {"holdMs": 1200})

AT_BOOKMAKERS: Mapping[str, tuple[Fault, ...]] = MappingProxyType(
    {"pinnacle": _AT_ALL_BOOKMAKERS, "sharpbet": _AT_BRIDGES, "vertex": _AT_BRIDGES}
)

AT_THE_FEED: tuple[Fault, ...] = (
    {"disconnectStream": True},
    {"silent": True, "restError": 503},
    {"dropRate": "0.3"},
    {"duplicateRate": "0.5", "reorderRate": "0.3"},
    {"lateOlderRows": True},
    {"staleBooks": ["pinnacle"]},
    {"newEpoch": True},
    {"reconnect": True},
)
