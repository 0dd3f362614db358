"""Ties the contracts of one venue to outcomes of the feed, or says why it does not. Pure and deterministic.

A contract is proved when nothing speaks against it. Everything that does is a doubt, and a doubt is quarantined: no
quote is worth a wrong match. What is enough of a name rests on one fact: nobody plays two matches at once, so that
beside a participant who is known for sure, a partly fitting name of the other cannot be another match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from hedgerow.core.ids import FixtureId
from hedgerow.execution.mapping.candidates import Schedule, candidates, could_be_then, is_near, strongest, weakest
from hedgerow.execution.mapping.clubs import league_of
from hedgerow.execution.mapping.evidence import Candidate, Evidence, Mapping, NameRule, Verdict
from hedgerow.execution.mapping.facts import Decision, Facts
from hedgerow.execution.mapping.markets import TWO_WAY, is_draw, target_of
from hedgerow.execution.mapping.names import FIRM, PARTIAL, STRENGTH, STRONG
from hedgerow.execution.mapping.sports import may_be_drawn
from hedgerow.execution.mapping.text import fold, words
from hedgerow.venues.base import Listing

LARGEST_PRICE_GAP = Decimal("0.15")
"""A contract whose price lies further from the feed's fair probability is about something else, or a mistake."""

CONFIRMED, REJECTED = "CONFIRMED", "REJECTED"
BY_OPERATOR = "confirmed by an operator"


def map_listings(listings: Sequence[Listing], facts: Facts) -> list[Mapping]:
    """A mapping for each contract of one venue, in the order of the listings.

    Contracts of one market have to agree about the match and differ in their outcomes, and no two open markets of the
    venue may claim one outcome; where it is otherwise, all of them are quarantined but what an operator confirmed. A
    market is proved as a whole: a doubt about one of its contracts is one about all.
    """
    schedule = Schedule(facts.fixtures)
    mappings = [_map(listing, facts, schedule) for listing in listings]
    conflicts = _conflicts(listings, mappings)
    mappings = [_doubted(mapping, conflicts.get(index)) for index, mapping in enumerate(mappings)]
    doubtful = _doubtful_markets(mappings)
    return [
        _doubted(mapping, doubtful.get(mapping.market_ref) if _is_proved_by_facts(mapping) else None)
        for mapping in mappings
    ]


# --- one contract --------------------------------------------------------------------------------------------------


def _map(listing: Listing, facts: Facts, schedule: Schedule) -> Mapping:
    decision = facts.decisions.get(listing.instrument.ref)
    is_confirmed = decision is not None and decision.is_confirmed
    evidence = Evidence(
        title=listing.title,
        outcome=listing.outcome,
        opposite=listing.opposite,
        sport=listing.sport,
        competition=listing.competition,
        starts_at_ms=listing.starts_at_ms,
        decision=None if decision is None else CONFIRMED if is_confirmed else REJECTED,
    )
    participants = _participants(listing)
    if not participants:
        return _unmatched(listing, evidence, "the venue names no participants")
    found = candidates(listing, participants, schedule, lambda fixture_id: _may_be(fixture_id, decision))
    evidence = replace(evidence, runner_up=found[1] if len(found) > 1 else None)
    if found and (is_confirmed or not _is_of_another_time(found[0])):
        return _judged(listing, participants, replace(evidence, candidate=found[0]), facts, is_confirmed=is_confirmed)
    if is_confirmed:
        reason = "confirmed by an operator, but the feed has no such match around that time"
        return replace(_unmatched(listing, evidence, reason), verdict=Verdict.QUARANTINED)
    reason = "no match of the sport around that time has these names"
    return _unmatched(listing, evidence, "rejected by an operator" if decision else reason)


def _judged(
    listing: Listing, participants: tuple[str, ...], evidence: Evidence, facts: Facts, *, is_confirmed: bool
) -> Mapping:
    """The verdict on the candidate, and what the contract would be of it."""
    candidate = evidence.candidate
    assert candidate is not None
    target = target_of(listing, participants, candidate, facts.markets.get(candidate.sport, ()))
    doubts = [*_doubts(listing, participants, candidate, evidence.runner_up)]
    if target.doubt is not None:
        doubts.append(target.doubt)
    gap = None
    if facts.price_gap is not None and target.market.market_id is not None and target.buys is not None:
        gap = facts.price_gap(listing, candidate.fixture_id, target.market.market_id, target.buys)
    if gap is not None and abs(gap) > LARGEST_PRICE_GAP:
        doubts.append(f"its price is {gap} away from the feed's")
    overrules = is_confirmed and target.buys is not None and not candidate.fits_both_ways
    return Mapping(
        instrument_ref=listing.instrument.ref,
        market_ref=listing.instrument.market_ref,
        verdict=Verdict.PROVED if overrules or not doubts else Verdict.QUARANTINED,
        reason=BY_OPERATOR if overrules else doubts[0] if doubts else "",
        evidence=replace(evidence, market=target.market, price_gap=gap, doubts=tuple(doubts)),
        fixture_id=candidate.fixture_id,
        market_id=target.market.market_id,
        buys=target.buys,
        sells=target.sells,
    )


def _unmatched(listing: Listing, evidence: Evidence, reason: str) -> Mapping:
    return Mapping(listing.instrument.ref, listing.instrument.market_ref, Verdict.NO_MATCH, reason, evidence)


def _participants(listing: Listing) -> tuple[str, ...]:
    """The names to look for: both participants, or the one that the contract names."""
    names: tuple[str, ...] = listing.participants
    if len(names) != 2 and listing.market_type == TWO_WAY and listing.opposite:
        names = (listing.outcome, listing.opposite)
    elif not names and not is_draw(listing.outcome):
        names = (listing.outcome,)
    return names if 1 <= len(names) <= 2 and all(fold(name) for name in names) else ()


def _may_be(fixture_id: FixtureId, decision: Decision | None) -> bool:
    """Whether an operator's word leaves it open that the contract is about a match."""
    if decision is None:
        return True
    is_meant = decision.fixture_id in (None, fixture_id)
    return is_meant == decision.is_confirmed


def _is_of_another_time(candidate: Candidate) -> bool:
    """Whether it is only that one of the participants plays somebody else, some other time."""
    is_one_sided = len(candidate.names) == 1 or weakest(candidate) < STRENGTH[NameRule.SIMILAR]
    return is_one_sided and not is_near(candidate)


# --- doubts --------------------------------------------------------------------------------------------------------


def _doubts(
    listing: Listing, participants: tuple[str, ...], candidate: Candidate, runner_up: Candidate | None
) -> Iterator[str]:
    """Whatever speaks against the contract being about the match, the gravest first."""
    if listing.sport is None:
        yield "the venue does not name the sport"
    if len(participants) == 1:
        yield f"the venue names only {participants[0]!r}"
    yield from _doubts_of_names(candidate)
    if candidate.listed_marks != candidate.known_marks:
        ours, theirs = ("/".join(marks) or "none" for marks in (candidate.listed_marks, candidate.known_marks))
        yield f"marks differ: the venue has {ours}, the feed {theirs}"
    leagues = league_of(listing.competition), league_of(candidate.tournament)
    if None not in leagues and leagues[0] != leagues[1]:
        yield f"leagues differ: the venue says {leagues[0]}, the feed {leagues[1]}"
    if listing.market_type == TWO_WAY and may_be_drawn(
        candidate.sport, words(f"{listing.competition or ''} {listing.title} {candidate.tournament}")
    ):
        yield "the match may be drawn, and the market has no draw"
    yield from _doubts_of_time(candidate)
    if runner_up is not None and _is_rival(runner_up):
        yield f"match {runner_up.fixture_id} fits as well"
    if candidate.is_rotated and listing.market_type != TWO_WAY:
        yield "the venue has the participants the other way round"
    if candidate.status.is_over and listing.is_open:
        yield "the match is over and the contract is open"


def _doubts_of_names(candidate: Candidate) -> Iterator[str]:
    if candidate.fits_both_ways:
        yield "the names fit the participants both ways"
    for name in candidate.names:
        if name.rule is NameRule.SIMILAR:
            yield f"{name.listed!r} is only similar to {name.known!r}"
        elif name.score < PARTIAL:
            yield f"{name.listed!r} is not {name.known!r}, though the other name fits"
    if weakest(candidate) >= PARTIAL and strongest(candidate) < STRONG and weakest(candidate) < FIRM:
        yield "no name fits more than in part"


def _doubts_of_time(candidate: Candidate) -> Iterator[str]:
    if candidate.time_difference_s is None:
        yield "a start is not known"
    elif not is_near(candidate):
        yield f"the starts are {abs(candidate.time_difference_s) // 60} minutes apart"


def _is_rival(candidate: Candidate) -> bool:
    """Whether another match fits the names and could be meant by its start."""
    return weakest(candidate) >= PARTIAL and could_be_then(candidate)


# --- contracts among each other ------------------------------------------------------------------------------------


def _conflicts(listings: Sequence[Listing], mappings: Sequence[Mapping]) -> dict[int, str]:
    """Doubts that only show when all contracts of the venue are seen, by the place in the list. An operator's word
    settles which of several markets is the one, but not that a market is two."""
    by_market: defaultdict[str, list[int]] = defaultdict(list)
    by_outcome: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, (listing, mapping) in enumerate(zip(listings, mappings, strict=True)):
        if mapping.verdict is Verdict.PROVED:
            by_market[mapping.market_ref].append(index)
            if listing.is_open:
                by_outcome[mapping.fixture_id, mapping.market_id, mapping.buys].append(index)
    found: dict[int, str] = {}
    for group in by_market.values():
        if len({(mappings[i].fixture_id, mappings[i].market_id) for i in group}) > 1:
            found |= dict.fromkeys(group, "contracts of one market were tied to different markets")
        elif _claims_twice(group, mappings):
            found |= dict.fromkeys(group, "contracts of one market were tied to one outcome")
    for group in by_outcome.values():
        if _claims_twice(group, mappings):
            doubtful = [i for i in group if mappings[i].reason != BY_OPERATOR]
            found = dict.fromkeys(doubtful, "several markets of the venue claim the same outcome") | found
    return found


def _doubtful_markets(mappings: Sequence[Mapping]) -> dict[str, str]:
    """The doubt about those markets of which a contract is not proved; an operator's word against it is one too."""
    return {
        mapping.market_ref: f"contract {mapping.instrument_ref} of the same market is not proved"
        for mapping in mappings
        if mapping.verdict is not Verdict.PROVED
    }


def _is_proved_by_facts(mapping: Mapping) -> bool:
    return mapping.verdict is Verdict.PROVED and mapping.reason != BY_OPERATOR


def _claims_twice(group: Sequence[int], mappings: Sequence[Mapping]) -> bool:
    """Whether two contracts of a group buy one outcome."""
    claims = {(mappings[i].instrument_ref, mappings[i].buys) for i in group}
    return len(claims) > len({buys for _, buys in claims}) or len(claims) > len({ref for ref, _ in claims})


def _doubted(mapping: Mapping, doubt: str | None) -> Mapping:
    """The mapping with one more doubt."""
    if doubt is None:
        return mapping
    evidence = replace(mapping.evidence, doubts=(*mapping.evidence.doubts, doubt))
    return replace(mapping, verdict=Verdict.QUARANTINED, reason=doubt, evidence=evidence)
