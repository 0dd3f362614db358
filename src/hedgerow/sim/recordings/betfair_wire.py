"""The messages of the Betfair Exchange stream as historic files hold them: one `mcm` a line.

Only the fields that are used. Numbers become Decimals from their text. Source: the Exchange Stream API's schema
(MarketChangeMessage, MarketDefinition) and the historic data specification; what BASIC, ADVANCED, PRO and
self-recorded files leave out is optional here.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

Level = tuple[Decimal, Decimal]
"""[odds, amount]; amount 0 takes the level out. `trd` has the amount traded so far."""

Place = tuple[int, Decimal, Decimal]
"""[position from the best, odds, amount], position 0 being the best."""


class Runner(msgspec.Struct, rename="camel"):
    """A runner of the definition: ACTIVE, WINNER, LOSER, REMOVED, HIDDEN ..."""

    id: int
    status: str = "ACTIVE"
    sort_priority: int = 0
    name: str | None = None


class Definition(msgspec.Struct, rename="camel"):
    """The market's state; sent whole on every change. status: INACTIVE, OPEN, SUSPENDED, CLOSED."""

    status: str
    event_type_id: str | int
    event_id: str | int = ""
    market_type: str = ""
    betting_type: str = "ODDS"
    number_of_winners: int = 1
    market_time: str = ""
    in_play: bool = False
    event_name: str | None = None
    name: str | None = None
    runners: list[Runner] = []


class RunnerChange(msgspec.Struct):
    """What changed of one runner: ladders to back and to lay, whole or best places, trades, last price, volume."""

    id: int
    atb: list[Level] | None = None
    atl: list[Level] | None = None
    batb: list[Place] | None = None
    batl: list[Place] | None = None
    trd: list[Level] | None = None
    ltp: Decimal | None = None
    tv: Decimal | None = None


class MarketChange(msgspec.Struct, rename="camel"):
    """What changed of one market. img: everything known before is replaced."""

    id: str
    market_definition: Definition | None = None
    rc: list[RunnerChange] | None = None
    img: bool | None = None


class Message(msgspec.Struct):
    """One line. pt: milliseconds since 1970."""

    op: str = ""
    pt: int = 0
    mc: list[MarketChange] | None = None


class DefinitionChange(msgspec.Struct, rename="camel"):
    """A market change without its prices."""

    id: str
    market_definition: Definition | None = None


class Outline(msgspec.Struct):
    """One line without its prices, for a first look at a file."""

    op: str = ""
    pt: int = 0
    mc: list[DefinitionChange] | None = None


decode_message = msgspec.json.Decoder(Message).decode
decode_outline = msgspec.json.Decoder(Outline).decode
