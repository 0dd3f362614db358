"""What the mapping answers: a verdict for each contract, and everything it was reached by."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId
from hedgerow.core.states import FixtureStatus


class Verdict(StrEnum):
    """Only what is proved may be quoted. Quarantined waits for an operator."""

    PROVED = "PROVED"
    QUARANTINED = "QUARANTINED"
    NO_MATCH = "NO_MATCH"


class NameRule(StrEnum):
    """By which rule two names were found to be one, strongest first; `names.STRENGTH` has their scores."""

    EXACT = "exact"
    NORMALISED = "normalised"  # but for case, accents, punctuation
    REORDERED = "reordered"  # the same words: "Sinner, Jannik"
    TEAM = "team"  # names exactly one team of the league in the table
    ALIAS = "alias"  # both are one entry of the alias table
    AFFIXES = "affixes"  # but for FC, CF, Team, Esports, years
    PARTS = "parts"  # a given name and a surname of a longer name
    SHORT_NAME = "short_name"  # the feed's short or medium name
    SPELLING = "spelling"  # but for ae, oe, ue
    INITIALS = "initials"  # the surname and the first letter of each given name
    ABBREVIATION = "abbreviation"  # the feed's abbreviation
    CONTAINED = "contained"  # all words of the shorter stand in the longer
    CITY = "city"  # names two teams of the league, one of them this
    SURNAME = "surname"  # only the surname
    SIMILAR = "similar"  # alike to the eye; never enough
    NONE = "none"


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """One participant: the venue's name, the feed's that it was compared with, the rule, and its score of 100."""

    listed: str
    known: str
    rule: NameRule
    score: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One match of the feed held against a contract. `names`: in the venue's order of participants."""

    fixture_id: FixtureId
    sport: str
    tournament: str
    status: FixtureStatus
    names: tuple[NameEvidence, ...]
    is_rotated: bool  # the venue has the participants the other way round
    fits_both_ways: bool  # the names do not say which is which
    starts_at_ms: int | None
    time_difference_s: int | None  # the venue's start less the feed's
    tolerance_s: int
    listed_marks: tuple[str, ...]  # women, youth, reserve, college, doubles: as the venue says it
    known_marks: tuple[str, ...]  # as the feed says it
    score: int  # the mean of the names' scores


@dataclass(frozen=True, slots=True)
class MarketEvidence:
    """The market that the contract belongs to: what was looked for, and what the feed has."""

    market_type: str | None
    period: str | None
    line: Decimal | None
    market_id: MarketId | None = None
    others: tuple[str, ...] = ()  # of the same type or question in other periods, where none fits


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the verdict is what it is."""

    title: str
    outcome: str
    opposite: str | None
    sport: str | None
    competition: str | None
    starts_at_ms: int | None
    candidate: Candidate | None = None
    runner_up: Candidate | None = None
    market: MarketEvidence | None = None
    price_gap: Decimal | None = None
    doubts: tuple[str, ...] = ()
    decision: str | None = None  # CONFIRMED or REJECTED


@dataclass(frozen=True, slots=True)
class Mapping:
    """One contract. With PROVED all of fixture, market and `buys` are set; otherwise they are what is proposed.
    `sells`: the outcome that selling the contract backs, None where that is more than one."""

    instrument_ref: str
    market_ref: str
    verdict: Verdict
    reason: str  # empty when proved by the facts
    evidence: Evidence
    fixture_id: FixtureId | None = None
    market_id: MarketId | None = None
    buys: OutcomeId | None = None
    sells: OutcomeId | None = None
