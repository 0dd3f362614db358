"""What is done, and known, about every venue family: the rules, and the reader of the `quality.toml` files.

Each family's folder has one file with a table for every rule:

    [find]
    state = "done"            # done, todo or exempt
    known_by = "official"     # where the venue's behaviour is known from: official, sdk, third_party or guess
    reason = "..."            # needed for todo and exempt, welcome for done

A rule that is missing, unknown or without its reason is an error, so that the list below is always answered. A
bookmaker exempts what only exchanges have. Where a family has several venues, one that stands otherwise to some rules
has a file of its own with these alone: `quality.<slug>.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from hedgerow.core.errors import InputError

FILE_NAME = "quality.toml"

RULES: Mapping[str, str] = {
    "listings": "match markets are found, with participants, start, outcome, ticks and fees",
    "balance": "free and held money are read, and what they leave out is said",
    "working": "everything that rests is listed completely, page by page",
    "place": "an order or bet is sent once; a lost or unreadable answer leaves it in doubt",
    "amend": "a resting order is moved in place",
    "cancel": "one order is cancelled; one that is gone refuses as unknown",
    "cancel_all": "everything that rests is cancelled, and it is known how fast",
    "find": "by our reference a request is found, surely not there, or the venue cannot tell",
    "fills": "trades carry an identity, are listed since a time, and are provisional while they can be taken back",
    "stream": "the account's changes and the markets' are followed as they happen",
    "reconnect": "interruptions and lost sequence are announced, and what was missed is asked again",
    "settlement": "results and payouts are read, corrections included where the venue makes them",
    "errors": "the venue's codes are mapped to our reasons in one table; an unknown code stays what its status says",
    "rate_limits": "requests stay within the venue's limits, and being over them is handled",
    "clock_skew": "a time that the venue does not accept is told apart from other refusals",
    "golden_requests": "every request is held against a recorded one: method, path, headers, body",
    "vectors": "signing is checked against vectors that were not made by this code",
    "witness": "another client of the venue, official or public, agrees with ours on the same wire",
    "dead_mans_switch": "the venue's switch is served, or its absence declared",
}


class State(StrEnum):
    """Of a rule at a family."""

    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"


class KnownBy(StrEnum):
    """Where the venue's behaviour is known from, strongest first."""

    OFFICIAL = "official"  # the venue's own documents
    SDK = "sdk"  # the venue's own client
    THIRD_PARTY = "third_party"  # what other users publish
    GUESS = "guess"  # nobody says; the safe side was taken


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a family stands to a rule."""

    rule: str
    state: State
    known_by: KnownBy
    reason: str


def has_own_file(package: str, slug: str) -> bool:
    """Whether a venue stands otherwise to some rules than the rest of its family."""
    return (files(package) / _own_name(slug)).is_file()


def quality_of(package: str, slug: str | None = None) -> tuple[Verdict, ...]:
    """The verdicts of a family, by its package (`hedgerow.venues.kalshi`), in the order of the rules; with a slug those
    of one of its venues. Raises InputError for a file that is missing or wrong."""
    place = files(package) / FILE_NAME
    if not place.is_file():
        raise InputError(f"{package} has no {FILE_NAME}")
    verdicts = read_quality(place.read_text("utf-8"), package)
    if slug is None or not has_own_file(package, slug):
        return verdicts
    return read_quality((files(package) / _own_name(slug)).read_text("utf-8"), f"{package}, {slug}", verdicts)


def read_quality(text: str, family: str, known: Sequence[Verdict] = ()) -> tuple[Verdict, ...]:
    """The verdicts of a file's text, in the order of the rules. family: for the error; known: what stands where the
    text has no verdict. Raises InputError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{family}: {FILE_NAME} is not TOML: {error}") from error
    if unknown := sorted(set(tables) - set(RULES)):
        raise InputError(f"{family}: {FILE_NAME} has unknown rules: {', '.join(unknown)}")
    verdicts = {verdict.rule: verdict for verdict in known}
    verdicts |= {rule: _verdict(rule, table, f"{family}: {FILE_NAME}, {rule}") for rule, table in tables.items()}
    if missing := [rule for rule in RULES if rule not in verdicts]:
        raise InputError(f"{family}: {FILE_NAME} has no verdict on {', '.join(missing)}")
    return tuple(verdicts[rule] for rule in RULES)


def _own_name(slug: str) -> str:
    return f"quality.{slug}.toml"


def _verdict(rule: str, table: Any, where: str) -> Verdict:
    if not isinstance(table, Mapping) or not set(table) <= {"state", "known_by", "reason"}:
        raise InputError(f"{where}: only state, known_by and reason are known")
    try:
        state, known_by = State(table.get("state", "")), KnownBy(table.get("known_by", ""))
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    reason = str(table.get("reason", "")).strip()
    if state is not State.DONE and not reason:
        raise InputError(f"{where}: {state} needs a reason")
    return Verdict(rule, state, known_by, reason)
