"""Sits the exam: every case of a venue on its own bench, one after another, each within a bound of time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypedDict

import structlog

from hedgerow.core.errors import HedgerowError, InputError
from hedgerow.exam.bench import demo_context, open_world
from hedgerow.exam.bookmaker_bench import BookmakerBench
from hedgerow.exam.cases import PROVED_ELSEWHERE, Case, DisprovedError, Kind
from hedgerow.exam.catalogue import all_cases
from hedgerow.exam.exchange_bench import ExchangeBench
from hedgerow.venues.base import BookmakerFactory, ExchangeFactory
from hedgerow.venues.quality import State, Verdict, quality_of
from hedgerow.venues.registry import UnknownVenueError, Venue, all_venues, venue

CASE_S = 30.0
"""How long one case may take, in the machine's time."""

_log = structlog.get_logger(__name__)


class Exempt(TypedDict):
    """A case that a venue need not pass, and why, in the words of its quality file."""

    case: str
    reason: str


class VenueReport(TypedDict):
    """failed: numbers of cases, or `no case: <rule>` for a rule that nothing proves."""

    passed: int
    failed: list[str]
    exempt: list[Exempt]


@dataclass
class Sheet:
    """How a venue did. failed: why, by the number of the case."""

    slug: str
    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    exempt: dict[str, str] = field(default_factory=dict)

    def report(self) -> VenueReport:
        exempt = [Exempt(case=number, reason=reason) for number, reason in self.exempt.items()]
        return VenueReport(passed=len(self.passed), failed=list(self.failed), exempt=exempt)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who sits the exam: a venue with the connectors that its family builds, or with others."""

    venue: Venue
    exchange: ExchangeFactory | None = None
    bookmaker: BookmakerFactory | None = None

    @classmethod
    def of(cls, slug: str) -> Candidate:
        """The venue with its own connectors. Raises InputError for one that has none (yet)."""
        try:
            found = venue(slug)
        except UnknownVenueError as error:
            raise InputError(f"{slug} has no connector that could be examined: {error}") from None
        return cls(found, found.family.exchange, found.family.bookmaker)

    def has(self, kind: Kind) -> bool:
        return (self.exchange if kind is Kind.EXCHANGE else self.bookmaker) is not None


async def run_exam(
    slugs: Sequence[str] | None = None, begins: Callable[[str, int, int], None] = lambda *_: None
) -> dict[str, VenueReport]:
    """Every venue's report, of all venues where none is named. begins: is told of each venue before its first case:
    slug, which one it is, of how many. Raises InputError, before the first case, when one of them has no connector."""
    candidates = [Candidate.of(slug) for slug in (all_venues() if slugs is None else dict.fromkeys(slugs))]
    reports: dict[str, VenueReport] = {}
    for number, candidate in enumerate(candidates, 1):
        slug = candidate.venue.manifest.slug
        begins(slug, number, len(candidates))
        reports[slug] = (await sit(candidate)).report()
    return reports


async def sit(candidate: Candidate, numbers: Sequence[str] | None = None) -> Sheet:
    """The whole exam of a venue, or only the cases of these numbers. What failed is logged with the reason."""
    verdicts = {verdict.rule: verdict for verdict in quality_of(candidate.venue.package, candidate.venue.manifest.slug)}
    cases = [case for case in all_cases() if candidate.has(case.kind)]
    sheet = Sheet(candidate.venue.manifest.slug)
    for case in cases:
        if numbers is not None and case.number not in numbers:
            continue
        if verdicts[case.rule].state is State.EXEMPT:
            sheet.exempt[case.number] = verdicts[case.rule].reason
        elif why := await _sit_one(candidate, case):
            sheet.failed[case.number] = why
            _log.warning("case failed", venue=sheet.slug, case=case.number, claim=case.claim, rule=case.rule, why=why)
        else:
            sheet.passed.append(case.number)
    if numbers is None:
        sheet.failed |= rules_without_case(verdicts.values(), cases)
    return sheet


def rules_without_case(verdicts: Iterable[Verdict], cases: Sequence[Case]) -> dict[str, str]:
    """The rules that the venue claims and no case proves."""
    proved = {case.rule for case in cases} | PROVED_ELSEWHERE.keys()
    rules = [verdict.rule for verdict in verdicts if verdict.state is not State.EXEMPT and verdict.rule not in proved]
    return {f"no case: {rule}": "the rule is not exempt, and no case proves it" for rule in rules}


async def _sit_one(candidate: Candidate, case: Case) -> str:
    """Why a case failed; empty when it passed."""
    timeout = asyncio.timeout(CASE_S)
    try:
        async with timeout, AsyncExitStack() as stack:
            await case.sit(await _bench(candidate, case, stack))
    except DisprovedError as error:
        return str(error)
    except TimeoutError as error:
        return f"it did not end within {CASE_S:.0f} s" if timeout.expired() else f"TimeoutError: {error}"
    except HedgerowError as error:
        return f"{type(error).__name__} was not due: {error}"
    except Exception as error:  # a connector that breaks has failed the case, and the others are still sat
        _log.exception("case broke", venue=candidate.venue.manifest.slug, case=case.number)
        return f"{type(error).__name__}: {error}"
    return ""


async def _bench(candidate: Candidate, case: Case, stack: AsyncExitStack) -> ExchangeBench | BookmakerBench:
    """A world of its own with the connector opened in it; the stack ends both."""
    manifest = candidate.venue.manifest
    server = await open_world(manifest, stack)
    context = demo_context(manifest, server)
    bench: ExchangeBench | BookmakerBench
    if case.kind is Kind.EXCHANGE and candidate.exchange is not None:
        bench = ExchangeBench(manifest, server, context, stack, factory=candidate.exchange)
    elif candidate.bookmaker is not None:
        bench = BookmakerBench(manifest, server, context, stack, factory=candidate.bookmaker)
    else:
        raise ValueError(f"{manifest.slug} has no connector for cases of the kind {case.kind}")
    await bench.begin()
    return bench
