"""What the script API takes: the bodies of its calls, and how a wrong one is told.

Every wrong body is answered 422 in the published form, `{"detail": [{"loc", "msg", "type"}]}`, naming the field.
Numbers are read as Decimals from their text. Source: the simulation contract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import ApiError
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.player import FASTEST

T = TypeVar("T")

Seconds = Annotated[int, Meta(ge=0, le=4_102_444_800)]  # until the year 2100
Text = Annotated[str, Meta(max_length=200)]

_MICRO = Decimal("0.000001")
_LIVE = "live"
_MOST = Decimal(10**12)


def _check(name: str, value: Decimal | None, least: Decimal, most: Decimal, step: Decimal | None = None) -> None:
    """Raises ValueError, in the words that `_told` understands, for a number out of its range or off its step."""
    if value is None:
        return
    if not value.is_finite() or not least <= value <= most:
        raise ValueError(f"field `{name}` must be from {least} to {most:f}")
    if step is not None and value % step:
        raise ValueError(f"field `{name}` must be a multiple of {step}")


class FixtureBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """`PUT /sim/fixtures/{fixtureId}`. What is left out stays; of a new fixture it is:

    sport and tournament as the id says them, participants "Participant 1" and 2, start in an hour, pregame, no score.
    `live` follows the status unless it is given.
    """

    sport_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    tournament_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    participant1_name: Text | UnsetType = msgspec.field(default=UNSET, name="participant1Name")
    participant2_name: Text | UnsetType = msgspec.field(default=UNSET, name="participant2Name")
    start_time: Seconds | UnsetType = UNSET
    status_id: Annotated[int, Meta(ge=0, le=3)] | UnsetType = UNSET
    live: bool | UnsetType = UNSET
    scores: dict[str, Any] | UnsetType = UNSET


class OddsBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One row of `PUT /sim/odds`: the whole quote. price: null or 0 for a placeholder."""

    fixture_id: str
    bookmaker: str
    outcome_id: int
    price: Decimal | None
    player_id: int = 0
    limit: Decimal | None = None
    limit_min: Decimal | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3,5}$")] = "USD"
    active: bool = True

    def __post_init__(self) -> None:
        for name, value in (("price", self.price), ("limit", self.limit), ("limitMin", self.limit_min)):
            _check(name, value, Decimal(0), _MOST)


class BehaviourBody(msgspec.Struct, forbid_unknown_fields=True):
    """`PATCH /sim/venues/{slug}`, the switches that every venue has (`sim/faults.py`)."""

    down: bool | UnsetType = UNSET
    latencyMs: int | UnsetType = UNSET  # noqa: N815
    rejectRate: Decimal | UnsetType = UNSET  # noqa: N815
    rejectReason: Text | UnsetType = UNSET  # noqa: N815
    loseResponseRate: Decimal | UnsetType = UNSET  # noqa: N815
    acceptDelayMs: int | UnsetType = UNSET  # noqa: N815
    fillRatio: Decimal | UnsetType = UNSET  # noqa: N815
    priceMove: Decimal | UnsetType = UNSET  # noqa: N815
    disconnectStream: bool | UnsetType = UNSET  # noqa: N815
    duplicateFills: bool | UnsetType = UNSET  # noqa: N815
    failTradeRate: Decimal | UnsetType = UNSET  # noqa: N815
    seed: int | UnsetType = UNSET


class TakeBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """`POST /sim/venues/{slug}/take`: price a probability, size in contracts."""

    fixture_id: str
    outcome_id: int
    side: Literal["buy", "sell"]
    price: Decimal
    size: Decimal
    player_id: int = 0

    def __post_init__(self) -> None:
        _check("price", self.price, _MICRO, 1 - _MICRO, _MICRO)
        _check("size", self.size, _MICRO, _MOST, _MICRO)


class CashoutBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /sim/venues/{slug}/bets/{reference}/cashout`."""

    amount: Decimal

    def __post_init__(self) -> None:
        _check("amount", self.amount, Decimal(0), _MOST)


class SettleBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /sim/fixtures/{fixtureId}/settle`: by outcome id."""

    results: dict[str, Any]


class ReplayBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /sim/replay`. speed 0: stepped time. exchanges: where takers go; left out: every exchange that can be
    traded on. from: a time in ISO 8601 (UTC unless it says), or `live`, where the first fixture goes live.
    settleSeconds: world time that follows the last event."""

    file: str
    speed: Decimal = Decimal(1)
    margin: Decimal | None = None
    market: str | None = None
    exchanges: list[str] | None = None
    seed: int = 1
    start: str | None = msgspec.field(default=None, name="from")
    settle_s: Seconds | None = msgspec.field(default=None, name="settleSeconds")

    def __post_init__(self) -> None:
        _check("speed", self.speed, Decimal(0), FASTEST)
        _check("margin", self.margin, Decimal(0), Decimal("0.5"))
        _ = self.start_ns

    @property
    def from_live(self) -> bool:
        return self.start == _LIVE

    @property
    def start_ns(self) -> int | None:
        """None at the start, and for `live`. Raises ValueError for what is no time."""
        if self.start is None or self.from_live:
            return None
        try:
            said = datetime.fromisoformat(self.start)
        except ValueError:
            raise ValueError(f"field `from` must be a time in ISO 8601 or {_LIVE!r}") from None
        return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()) * NS_PER_S


_any_decoder = msgspec.json.Decoder(float_hook=Decimal)
_MESSAGE = re.compile(r"(?P<text>.*?)(?: - at `\$?(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"field `(\w+)`")


def invalid(loc: list[str | int], text: str, kind: str = "value_error") -> ApiError:
    """422 for one wrong place of the body; loc: the path inside it."""
    return ApiError(422, [{"loc": ["body", *loc], "msg": text, "type": kind}])


def decode_any(body: bytes) -> Any:
    """Any JSON, its fractions as Decimals. Raises ApiError 422."""
    try:
        return _any_decoder.decode(body)
    except UNREADABLE as error:
        raise invalid([], str(error), "json_invalid") from None


def decode(body: bytes, kind: type[T]) -> T:
    """The body of a call. Raises ApiError 422 that names the wrong field."""
    return convert(decode_any(body), kind)


def convert(value: Any, kind: type[T]) -> T:
    """A decoded body, or a part of it, as a call's own type. Raises ApiError 422."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _told(str(error)) from None


def _told(message: str) -> ApiError:
    """msgspec's words in the published form."""
    match = _MESSAGE.fullmatch(message)
    if match is None:
        return invalid([], message)
    loc: list[str | int] = [
        name or (int(index) if index.isdigit() else index) for name, index in _STEP.findall(match["path"] or "")
    ]
    text = match["text"]
    named = _FIELD.search(text)
    if named:
        loc.append(named[1])
    if "unknown field" in text:
        return invalid(loc, text, "extra_forbidden")
    return invalid(loc, text, "missing" if "missing required" in text else "value_error")


def given(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that were given, by their Python names."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}


def results_of(body: SettleBody) -> dict[int, SettlementStatus]:
    """Results by outcome id. Raises ApiError 422 that names the outcome; there must be one at least."""
    if not body.results:
        raise invalid(["results"], "at least one outcome must be decided")
    return {_outcome(text): _result(text, said) for text, said in body.results.items()}


def _outcome(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise invalid(["results", text], "an outcome id is a whole number")
    return int(text)


def _result(outcome: str, said: object) -> SettlementStatus:
    decided = [status.value for status in SettlementStatus if status is not SettlementStatus.UNDECIDED]
    if said not in decided:
        raise invalid(["results", outcome], f"must be one of {', '.join(decided)}")
    return SettlementStatus(said)


def split(body: bytes, known: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body's fields that are known, and the others. Raises ApiError 422 unless it is an object."""
    fields = convert(decode_any(body), dict[str, Any])
    return _only(fields, known), {name: value for name, value in fields.items() if name not in known}


def _only(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in names}
