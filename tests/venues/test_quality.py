"""Every family answers every rule, and the reader takes no half answer."""

from __future__ import annotations

from importlib.resources import files

import pytest

from hedgerow.core.errors import InputError
from hedgerow.venues.quality import FILE_NAME, RULES, KnownBy, State, Verdict, quality_of, read_quality
from hedgerow.venues.registry import all_venues

VENUES = all_venues()


def quality_file(**changed: str) -> str:
    """A file that is in order, with some rules' tables changed."""
    tables = dict.fromkeys(RULES, 'state = "done"\nknown_by = "official"') | changed
    return "\n".join(f"[{rule}]\n{table}" for rule, table in tables.items())


@pytest.mark.parametrize("slug", VENUES)
def test_every_venue_answers_every_rule(slug: str) -> None:
    assert [verdict.rule for verdict in quality_of(VENUES[slug].package, slug)] == list(RULES)


def test_a_venue_may_stand_otherwise_to_some_rules_than_its_family() -> None:
    family = read_quality(quality_file(), "x")
    own = read_quality('[witness]\nstate = "exempt"\nknown_by = "guess"\nreason = "nobody has one"', "x, y", family)
    assert [verdict.rule for verdict in own] == list(RULES)
    assert [new for old, new in zip(family, own, strict=True) if old != new] == [
        Verdict("witness", State.EXEMPT, KnownBy.GUESS, "nobody has one")
    ]


def test_an_own_file_belongs_to_a_venue_of_the_family() -> None:
    packages = {found.package for found in VENUES.values()}
    named = {(package, place.name) for package in packages for place in files(package).iterdir()}
    own = {(package, name) for package, name in named if name.startswith("quality.") and name != FILE_NAME}
    assert own
    assert own <= {(found.package, f"quality.{slug}.toml") for slug, found in VENUES.items()}


def test_a_verdict_has_its_state_source_and_reason() -> None:
    text = quality_file(amend='state = "exempt"\nknown_by = "sdk"\nreason = "orders cannot be moved"')
    verdict = next(verdict for verdict in read_quality(text, "x") if verdict.rule == "amend")
    assert (verdict.state, verdict.known_by, verdict.reason) == (State.EXEMPT, KnownBy.SDK, "orders cannot be moved")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[listings", "not TOML"),
        (quality_file(juggling='state = "done"\nknown_by = "official"'), "unknown rules: juggling"),
        ('[listings]\nstate = "done"\nknown_by = "official"', "no verdict on balance"),
        (quality_file(place='state = "perhaps"\nknown_by = "official"'), "place: 'perhaps'"),
        (quality_file(place='state = "done"'), "place: ''"),
        (quality_file(place='state = "todo"\nknown_by = "guess"'), "place: todo needs a reason"),
        (quality_file(place='state = "exempt"\nknown_by = "guess"\nreason = " "'), "place: exempt needs a reason"),
        (quality_file(place='state = "done"\nknown_by = "official"\nwhy = "x"'), "only state, known_by and reason"),
    ],
)
def test_a_file_with_a_gap_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_quality(text, "x")


def test_a_family_without_a_file_is_named() -> None:
    with pytest.raises(InputError, match=r"hedgerow\.core has no quality\.toml"):
        quality_of("hedgerow.core")
