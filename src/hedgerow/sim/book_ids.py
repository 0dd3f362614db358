"""The ids that bookmakers have for what the world plays: the feed's rows carry them, the bookmakers know them.

All are pure functions of the world's ids, so that dialects agree without knowing each other. They are invented; the
bookmaker whose ids have a known form has a module of its own (`pinnacle_ids`).
"""

from __future__ import annotations

import hashlib

from hedgerow.core.ids import OutcomeKey


def stable_number(*parts: object, below: int) -> int:
    """A number that depends on the parts only, for ids of things that the world does not number."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8]) % below


def fixture_ref(slug: str, fixture_id: str) -> str:
    """The feed's `bookmakerFixtureId` of a fixture: eight digits."""
    return str(10_000_000 + stable_number("fixture", fixture_id, slug, below=90_000_000))


def market_ref(slug: str, fixture_id: str, market_id: int) -> str:
    """The feed's `bookmakerMarketId` of a market."""
    return str(stable_number("market", fixture_id, slug, market_id, below=10**9))


def outcome_ref(slug: str, outcome: OutcomeKey) -> str:
    """The feed's `bookmakerOutcomeId` of an outcome."""
    return str(stable_number("outcome", slug, *outcome, below=10**10))
