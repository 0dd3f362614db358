"""Which agent does a piece of work: pure choice among those that are linked, by filter, health and load.

Two agents are drawn by the weight of their score, and the less loaded of them gets the work: good agents get most of
it and none is flooded. A few choices are made blindly, so that every agent gets some and can become better.
What `/debug/pick` shows a key is kept for a while, so that it is what the key's next request uses.
What is made for every request is a Struct, as a frozen dataclass takes several times as long to be made.
Source of the draw: Mitzenmacher 2001, "The Power of Two Choices".
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from hedgerow.scraping.gateway.exclusion import State
from hedgerow.scraping.gateway.health import Health, HealthBook

PIN_MS = 5_000
EXPLORED = 0.03
"""Share of the choices that are made blindly."""
_MOST_PINS = 10_000
_MOST_AHEAD_MS = 60_000
"""How far a pin's end may lie ahead: a gateway whose clock is that wrong pins nothing here."""
NODE_PREFIX = "scraping-"
"""In front of an agent's slug in every id that clients see."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the work asks of its agent. countries, slugs: empty for any."""

    capability: str
    countries: frozenset[str] = frozenset()
    slugs: frozenset[str] = frozenset()

    def refuse(self, candidate: Candidate) -> str | None:
        """Why the candidate is outside the filter."""
        if self.slugs and candidate.slug not in self.slugs:
            return "not asked for"
        if self.countries and candidate.country not in self.countries:
            return "other country"
        if self.capability not in candidate.capabilities:
            return f"cannot {self.capability}"
        return None


class Candidate(msgspec.Struct, frozen=True):
    """An agent that is linked. load: pieces of work under way."""

    slug: str
    country: str
    capabilities: Collection[str]
    load: int
    takes_work: bool

    @property
    def node_id(self) -> str:
        return NODE_PREFIX + self.slug


class Standing(msgspec.Struct, frozen=True):
    """How a candidate stands. reason: why it is not chosen; None when it may be."""

    candidate: Candidate
    state: State
    score: float
    reason: str | None
    excluded_until_ms: int = 0


class Decision(msgspec.Struct, frozen=True):
    """The choice and what it was made from. valid_until_ms: while it is kept for requests to come; else 0."""

    chosen: Candidate | None
    standings: Sequence[Standing] = ()
    valid_until_ms: int = 0


class Pin(msgspec.Struct, frozen=True, array_like=True):
    """A choice that was shown, as gateways tell each other. slug: of the agent. until_ms: since 1970."""

    domain: str
    wanted: Wanted
    key_id: int | None
    slug: str
    until_ms: int

    @property
    def asked(self) -> Asked:
        """What it is the answer to."""
        return self.domain, self.wanted, self.key_id


Asked = tuple[str, Wanted, int | None]
"""Domain, filter and key."""


class Pins:
    """The choices that this gateway and the others have shown. Of two for the same, the one that ends later stands,
    wherever they are compared."""

    def __init__(self) -> None:
        self._pins: OrderedDict[Asked, Pin] = OrderedDict()

    def kept(self, asked: Asked, now_ms: int) -> Pin | None:
        """The one that stands now."""
        if not self._pins or (pin := self._pins.get(asked)) is None:
            return None
        if now_ms < pin.until_ms:
            return pin
        del self._pins[asked]
        return None

    def keep(self, pin: Pin, now_ms: int) -> None:
        """Unless one stands that ends later, or it cannot be a pin of now."""
        if not now_ms < pin.until_ms <= now_ms + _MOST_AHEAD_MS:
            return
        before = self._pins.pop(pin.asked, pin)
        self._pins[pin.asked] = max(before, pin, key=lambda each: (each.until_ms, each.slug))
        if len(self._pins) > _MOST_PINS:
            self._pins.popitem(last=False)


_NEW = Health()
_AVAILABLE = State.AVAILABLE  # an attribute of an Enum's class costs more than a call


def stand(
    candidates: Collection[Candidate],
    wanted: Wanted,
    health: Mapping[str, Health],
    now_ms: int,
    key_id: int | None = None,
) -> list[Standing]:
    """How every candidate stands for the work. key_id: whose it is."""
    standings = []
    for candidate in candidates:
        known = health.get(candidate.slug, _NEW)
        state, reason = known.standing(now_ms, key_id)
        reason = wanted.refuse(candidate) or reason
        if reason is None and not candidate.takes_work:
            reason = "busy"
        until_ms = known.excluded_until_ms(key_id) if state is not _AVAILABLE else 0
        standings.append(Standing(candidate, state, known.score, reason, until_ms))
    return standings


def choose(standings: Sequence[Standing], draw: Callable[[], float]) -> Candidate | None:
    """One of those that may be chosen; None when there is none. draw: in [0, 1)."""
    open_ones = [standing for standing in standings if standing.reason is None]
    if len(open_ones) < 2:
        return open_ones[0].candidate if open_ones else None
    if draw() < EXPLORED:
        return open_ones[int(draw() * len(open_ones))].candidate
    sums = list(accumulate(standing.score for standing in open_ones))
    first, second = (open_ones[_at(sums, draw() * sums[-1])].candidate for _ in range(2))
    return second if second.load < first.load else first


def _at(sums: Sequence[float], point: float) -> int:
    """The first place whose sum lies above the point."""
    return next((index for index, reached in enumerate(sums) if reached > point), len(sums) - 1)


class Picker:
    """Chooses, and keeps to what was shown."""

    def __init__(
        self,
        candidates: Callable[[], Collection[Candidate]],
        book: HealthBook,
        pins: Pins,
        now_ms: Callable[[], int],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._candidates, self._book, self._pins = candidates, book, pins
        self._now_ms, self._draw = now_ms, draw

    def pick(
        self, domain: str, wanted: Wanted, without: frozenset[str] = frozenset(), *, key_id: int | None = None
    ) -> Decision:
        """The agent for a request that is made now. without: slugs that were tried already. key_id: whose it is."""
        now_ms, health = self._now_ms(), self._book.of(domain)
        standings = stand(self._candidates(), wanted, health, now_ms, key_id)
        if without:
            standings = [standing for standing in standings if standing.candidate.slug not in without]
            decision = Decision(choose(standings, self._draw), standings)
        else:
            decision = self._decide((domain, wanted, key_id), standings, now_ms)
        if decision.chosen is not None:
            known = health.get(decision.chosen.slug)
            if known is not None:
                known.begin(now_ms, key_id)
        return decision

    def show(self, domain: str, wanted: Wanted, *, key_id: int | None = None) -> Decision:
        """The agent for the next request, kept for it for a while."""
        now_ms, asked = self._now_ms(), (domain, wanted, key_id)
        standings = stand(self._candidates(), wanted, self._book.of(domain), now_ms, key_id)
        decision = self._decide(asked, standings, now_ms)
        if decision.chosen is None or decision.valid_until_ms:
            return decision
        until_ms = now_ms + PIN_MS
        self._pins.keep(Pin(*asked, decision.chosen.slug, until_ms), now_ms)
        return Decision(decision.chosen, decision.standings, until_ms)

    def _decide(self, asked: Asked, standings: Sequence[Standing], now_ms: int) -> Decision:
        pin = self._pins.kept(asked, now_ms)
        if pin is not None:
            for standing in standings:
                if standing.candidate.slug == pin.slug and standing.reason is None:
                    return Decision(standing.candidate, standings, pin.until_ms)
        return Decision(choose(standings, self._draw), standings)
