"""The signing vectors run through the connectors' own code; what cannot be run fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.errors import InputError
from hedgerow.venues.registry import all_venues
from hedgerow.venues.vectors import run_vectors

WITH_VECTORS = sorted(slug for slug, venue in all_venues().items() if venue.family.vectors)


def vector_file(folder: Path, venue: str, schemes: dict[str, Any]) -> Path:
    path = folder / f"{venue}.json"
    path.write_text(json.dumps({"venue": venue, "schemes": schemes}))
    return path


@pytest.mark.parametrize("slug", WITH_VECTORS)
def test_a_familys_vectors_all_pass(slug: str, shared: Callable[[str], Path]) -> None:
    path = shared(f"venues/vectors/{slug}.json")
    schemes = json.loads(path.read_text())["schemes"]
    report = run_vectors([path])
    assert report["reasons"] == {}
    assert report["passed"] == sum(len(scheme["vectors"]) for scheme in schemes.values()) > 0


def test_a_file_of_an_unknown_venue_fails_with_its_reason(tmp_path: Path) -> None:
    report = run_vectors([vector_file(tmp_path, "nowhere", {})])
    assert report["failed"] == ["nowhere.json"]
    assert "unknown venue 'nowhere'" in report["reasons"]["nowhere.json"]


def test_a_scheme_without_a_check_fails_each_of_its_vectors(tmp_path: Path) -> None:
    vectors = [{"id": "smoke-01", "inputs": {}, "expected": {}}, {"id": "smoke-02", "inputs": {}, "expected": {}}]
    report = run_vectors([vector_file(tmp_path, "kalshi", {"smoke": {"vectors": vectors}})])
    assert report["failed"] == ["kalshi smoke-01", "kalshi smoke-02"]
    assert report["passed"] == 0


def test_a_check_that_breaks_fails_its_vector(tmp_path: Path) -> None:
    vectors = [{"id": "ed-01", "inputs": {}, "expected": {}}]
    report = run_vectors([vector_file(tmp_path, "kalshi", {"ed25519": {"vectors": vectors}})])
    assert report["reasons"] == {"kalshi ed-01": "the check broke: KeyError: 'timestamp_ms'"}


@pytest.mark.parametrize("text", ["{", "[]", '{"venue": "kalshi", "schemes": {"a": {}}}'])
def test_a_file_of_another_form_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"other\.json is not a vector file"):
        run_vectors([path])
