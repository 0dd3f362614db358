"""What a client may send, strictly: the schemas of the OpenAPI document."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from hedgerow.core.clock import ms_of_iso
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId
from hedgerow.sim.dialects.bridge.wire import malformed

Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=40)]
"""A decimal number as text."""

T = TypeVar("T")


class Selection(msgspec.Struct, frozen=True, rename="camel"):
    """Feed ids, and the bookmaker's own as the feed gives them."""

    fixture_id: str
    outcome_id: int
    player_id: int
    bookmaker_fixture_id: str | None = None
    bookmaker_market_id: str | None = None
    bookmaker_outcome_id: str | None = None
    meta: dict[str, Any] = {}
    description: dict[str, Any] = {}

    @property
    def outcome(self) -> OutcomeKey:
        return OutcomeKey(FixtureId(self.fixture_id), OutcomeId(self.outcome_id), PlayerId(self.player_id))


class QuoteRequest(msgspec.Struct, frozen=True, rename="camel"):
    """`POST /accounts/{account}/quotes`."""

    selection: Selection
    side: Literal["back", "lay"]
    stake: Amount | None = None


class BetRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`PUT /accounts/{account}/bets/{reference}`."""

    selection: Selection
    side: Literal["back", "lay"]
    stake: Amount
    currency: str
    limit_price: Amount
    accept_better: bool
    fill: Literal["all_or_nothing", "up_to"]
    not_after: str
    quote_id: str | None = None

    @property
    def not_after_ms(self) -> int:
        """Raises Problem 422 for a time that cannot be read."""
        try:
            return ms_of_iso(self.not_after)
        except ValueError:
            raise malformed("notAfter is not a time", "not_placed") from None

    @property
    def wanted(self) -> tuple[Decimal, Decimal]:
        """Stake and limit price."""
        return Decimal(self.stake), Decimal(self.limit_price)


def read(body: bytes, kind: type[T], outcome: str = "not_applicable") -> T:
    """Raises Problem 422. outcome: what became of the bet that the request is about."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(str(error), outcome) from None
