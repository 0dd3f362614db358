"""A page for every venue, from its manifest, its family's quality file and the cases of the exam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docs_site.schemas import table, text_of
from hedgerow.exam import Candidate
from hedgerow.exam.cases import Case
from hedgerow.exam.catalogue import all_cases
from hedgerow.venues.quality import RULES, State, Verdict, quality_of
from hedgerow.venues.registry import BRIDGE, Venue, all_venues

_NATIVE = "A native connector speaks its own protocol."
_BRIDGED = "A program of yours speaks [the bridge protocol](../../venues.md) for it."


@dataclass(frozen=True)
class Sitting:
    """What a venue sits the exam in. exempt: those of the cases that it need not pass."""

    candidate: Candidate
    verdicts: Sequence[Verdict]
    cases: Sequence[Case]
    exempt: Sequence[Case]


def sitting_of(found: Venue) -> Sitting:
    """The cases of a venue, and the verdicts on it."""
    candidate, verdicts = Candidate.of(found.manifest.slug), quality_of(found.package, found.manifest.slug)
    states = {verdict.rule: verdict.state for verdict in verdicts}
    cases = [case for case in all_cases() if candidate.has(case.kind)]
    return Sitting(candidate, verdicts, cases, [case for case in cases if states[case.rule] is State.EXEMPT])


def venue_pages(folder: str) -> dict[str, str]:
    """Text by path, one a slug. folder: where they stand, two levels below the site."""
    return {f"{folder}/{slug.replace('.', '-')}.md": venue_page(found) for slug, found in all_venues().items()}


def venue_page(found: Venue) -> str:
    """The whole page."""
    manifest, sitting = found.manifest, sitting_of(found)
    passed = len(sitting.cases) - len(sitting.exempt)
    lines = [
        f"# {manifest.name}",
        "",
        f"Slug `{manifest.slug}`: {' and '.join(_uses(found, sitting))}. "
        + (_BRIDGED if manifest.level == BRIDGE else _NATIVE)
        + f" Known from: {text_of(manifest.knowledge)}.",
        "",
        f"{passed} of the exam's {len(sitting.cases)} cases for it pass, {len(sitting.exempt)} are exempt. "
        f"`hedgerow venues exam {manifest.slug}` sits it again.",
    ]
    for title, text in (
        ("Account", _account(found)),
        ("Facts", _facts(found)),
        ("Rules", _rules(sitting)),
        ("Cases of the exam", _cases(sitting)),
    ):
        lines += ["", f"## {title}", "", text]
    return "\n".join([*lines, ""])


def _uses(found: Venue, sitting: Sitting) -> list[str]:
    uses = ["quoted on by market making"] if sitting.candidate.exchange is not None else []
    if sitting.candidate.bookmaker is not None:
        uses.append(f"bet at, to {'back and lay' if found.manifest.lays else 'back'}, and hedged at")
    return uses


def _account(found: Venue) -> str:
    rows = [
        (f"`{one.name}`", one.description, "sealed, never shown" if one.secret else "", "" if one.required else "yes")
        for one in found.manifest.credentials
    ]
    return table(("credential", "what", "secret", "optional"), rows)


def _facts(found: Venue) -> str:
    manifest = found.manifest
    rows = [
        *((f"address, {site}", f"`{url}`") for site, url in sorted(manifest.urls.items())),
        *(
            (f"requests, {name}", f"{rate.per_second:g} a second, {rate.burst:g} at once")
            for name, rate in sorted(manifest.rates.items())
        ),
        ("currency", manifest.currency),
        ("least stake", f"{manifest.minimum_stake:f}"),
        ("at the start of play, orders", manifest.in_play.value.replace("_", " ")),
        ("settled by", "its own statement" if manifest.has_statement else "the feed's grade"),
    ]
    return table(("", ""), rows)


def _rules(sitting: Sitting) -> str:
    rows = [
        (
            f"**{one.rule.replace('_', ' ')}**: {RULES[one.rule]}",
            one.state.value,
            one.known_by.value.replace("_", " "),
            one.reason,
        )
        for one in sitting.verdicts
    ]
    return table(("rule", "state", "known by", "remarks"), rows)


def _cases(sitting: Sitting) -> str:
    rows = [(one.number, one.claim, "exempt" if one in sitting.exempt else "passes") for one in sitting.cases]
    return table(("case", "claim", "verdict"), rows)
