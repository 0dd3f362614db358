"""Runs signing vectors through the connectors' own code.

A vector file names its venue and has schemes, each with vectors of `inputs`, `expected` and `id`; how two are
compared is the family's (`registry.VectorCheck`). What cannot be run counts as failed: a file for a venue that is not
here, a scheme without a check, a check that breaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict

from hedgerow.core.errors import InputError
from hedgerow.venues.registry import UnknownVenueError, VectorCheck, venue


class VectorReport(TypedDict):
    """`failed`: ids of vectors, or the file's name where none could be run; `reasons`: why, by id."""

    passed: int
    failed: list[str]
    reasons: dict[str, str]


def run_vectors(paths: Iterable[Path]) -> VectorReport:
    """All vectors of the files. Raises InputError for a file that is not of the vectors' form."""
    report = VectorReport(passed=0, failed=[], reasons={})
    for path in paths:
        for identity, wrong in _results(path):
            if wrong:
                report["failed"].append(identity)
                report["reasons"][identity] = "; ".join(wrong)
            else:
                report["passed"] += 1
    return report


def _results(path: Path) -> Iterator[tuple[str, list[str]]]:
    """(id, what differs) of each vector of a file."""
    slug, schemes = _read(path)
    try:
        checks = venue(slug).family.vectors
    except UnknownVenueError as error:
        yield path.name, [str(error)]
        return
    for scheme, vectors in schemes.items():
        for vector in vectors:
            yield f"{slug} {vector['id']}", _run(checks.get(scheme), scheme, vector)


def _run(check: VectorCheck | None, scheme: str, vector: dict[str, Any]) -> list[str]:
    if check is None:
        return [f"no check for the scheme {scheme}"]
    try:
        return check(vector["inputs"], vector["expected"])
    except Exception as error:  # a broken check is a failed vector, and the others still run
        return [f"the check broke: {type(error).__name__}: {error}"]


def _read(path: Path) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    try:
        content = json.loads(path.read_text("utf-8"))
        return content["venue"], {name: scheme["vectors"] for name, scheme in content["schemes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a vector file: {type(error).__name__}: {error}") from error
