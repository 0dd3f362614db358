"""Every family answers every rule, and the reader takes no half answer."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import InputError
from hedgerow.venues.quality import RULES, KnownBy, State, quality_of, read_quality
from hedgerow.venues.registry import all_venues

PACKAGES = sorted({venue.package for venue in all_venues().values()})


def quality_file(**changed: str) -> str:
    """A file that is in order, with some rules' tables changed."""
    tables = dict.fromkeys(RULES, 'state = "done"\nknown_by = "official"') | changed
    return "\n".join(f"[{rule}]\n{table}" for rule, table in tables.items())


@pytest.mark.parametrize("package", PACKAGES)
def test_every_family_answers_every_rule(package: str) -> None:
    assert [verdict.rule for verdict in quality_of(package)] == list(RULES)


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
