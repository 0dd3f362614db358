"""Which market of the feed a contract asks about, and which of its outcomes the contract pays on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from hedgerow.core.ids import OutcomeId
from hedgerow.execution.mapping.evidence import Candidate, MarketEvidence
from hedgerow.execution.mapping.facts import MarketFacts
from hedgerow.execution.mapping.text import words
from hedgerow.venues.base import Listing

TWO_WAY, THREE_WAY, TOTALS, SPREADS = "moneyline", "1x2", "totals", "spreads"

# The outcomes that a market of a type has in the feed, in its order.
_OUTCOMES = {
    TWO_WAY: ("1", "2"),
    THREE_WAY: ("1", "X", "2"),
    TOTALS: ("Over", "Under"),
    SPREADS: ("1", "2"),
}
_WINNERS = frozenset({TWO_WAY, THREE_WAY})
_DRAW = frozenset({"draw", "tie", "x"})


@dataclass(frozen=True, slots=True)
class Side:
    """What a contract pays on: "1", "X", "2", "Over", "Under"; and what it pays on when it is sold."""

    buys: str
    sells: str | None


class UnclearError(ValueError):
    """A contract that the facts do not tie to one outcome; the message is the doubt."""


@dataclass(frozen=True, slots=True)
class Target:
    """The outcome that a contract backs, or the doubt that it cannot be told."""

    market: MarketEvidence
    buys: OutcomeId | None = None
    sells: OutcomeId | None = None
    doubt: str | None = None


def target_of(
    listing: Listing, participants: tuple[str, ...], candidate: Candidate, markets: Iterable[MarketFacts]
) -> Target:
    """What the contract backs if it is about the candidate. markets: of the candidate's sport."""
    try:
        side = side_of(listing, participants, candidate)
    except UnclearError as unclear:
        return Target(MarketEvidence(listing.market_type, listing.period, listing.line), doubt=str(unclear))
    line = _line(listing, side)
    market = MarketEvidence(listing.market_type, listing.period, line)
    known = list(markets)
    same = [one for one in known if _is_asked(listing, line, one)]
    if len(same) != 1:
        others = {f"{one.market_type} {one.period}" for one in known if _asks_alike(listing, one)}
        doubt = f"the feed has {len(same) or 'no'} {listing.market_type} {listing.period} market of this line"
        return Target(replace(market, others=tuple(sorted(others))), doubt=doubt)
    try:
        buys, sells = _outcomes(side, same[0])
    except UnclearError as unclear:
        return Target(market, doubt=str(unclear))
    return Target(replace(market, market_id=same[0].market_id), buys, sells)


def side_of(listing: Listing, participants: tuple[str, ...], candidate: Candidate) -> Side:
    """What the contract pays on. Raises UnclearError where its texts do not say it."""
    match listing.market_type:
        case None:
            raise UnclearError("the venue does not say what kind of market it is")
        case "totals":
            buys = _over_under(listing.outcome)
            sells = _over_under(listing.opposite) if listing.opposite else None
        case "1x2":
            buys = "X" if is_draw(listing.outcome) else _winner(listing.outcome, participants, candidate)
            sells = None
        case "moneyline" | "spreads":
            buys = _winner(listing.outcome, participants, candidate)
            sells = _winner(listing.opposite, participants, candidate) if listing.opposite else None
        case other:
            raise UnclearError(f"markets of type {other} are not mapped")
    if buys == sells:
        raise UnclearError("both sides of the contract are one outcome")
    return Side(buys, sells)


def is_draw(text: str) -> bool:
    """Whether an outcome is that nobody wins: "Draw", "Tie", "Draw (Fulham vs. Leeds)"."""
    return bool(words(text)) and words(text)[0] in _DRAW


def _outcomes(side: Side, market: MarketFacts) -> tuple[OutcomeId, OutcomeId | None]:
    """The outcomes of the market that the sides are. Raises UnclearError for a market whose outcomes are not those of
    its type."""
    if market.outcome_names != _OUTCOMES.get(market.market_type) or len(market.outcome_ids) != len(
        market.outcome_names
    ):
        raise UnclearError(f"market {market.market_id} has other outcomes than a {market.market_type} has")
    by_name = dict(zip(market.outcome_names, market.outcome_ids, strict=True))
    return by_name[side.buys], by_name[side.sells] if side.sells else None


def _winner(text: str, participants: tuple[str, ...], candidate: Candidate) -> str:
    """ "1" or "2": the place in the feed of the participant that the venue names so."""
    places = [place for place, name in enumerate(participants) if name == text]
    if not places:
        places = [place for place, name in enumerate(participants) if words(name) == words(text)]
    if len(places) != 1:
        raise UnclearError(f"{text!r} is not one of the venue's two participants")
    return "12"[places[0] ^ candidate.is_rotated]


def _over_under(text: str) -> str:
    found = {"over", "under"} & set(words(text))
    if len(found) != 1:
        raise UnclearError(f"{text!r} is neither over nor under")
    return found.pop().capitalize()


def _line(listing: Listing, side: Side) -> Decimal | None:
    """The line as the feed has it: participant 1's of a spread, of which the venue tells the outcome's own."""
    if listing.line is None or listing.market_type in _WINNERS:
        return None
    is_second = listing.market_type == SPREADS and side.buys == "2"
    return -listing.line if is_second else listing.line


def _is_asked(listing: Listing, line: Decimal | None, market: MarketFacts) -> bool:
    """Whether a market asks what the contract asks. A winner has no line, whatever the feed writes there."""
    if (market.market_type, market.period) != (listing.market_type, listing.period):
        return False
    return listing.market_type in _WINNERS or (line is not None and market.line == line)


def _asks_alike(listing: Listing, market: MarketFacts) -> bool:
    """Whether a market asks the same question about another part of the match."""
    if listing.market_type in _WINNERS:
        return market.market_type in _WINNERS
    return market.market_type == listing.market_type
