"""The contracts of all exchanges that are proved to be outcomes of the feed, in memory, found by market and outcome.

What is quarantined or without a match is not here. Where the answers of the mapping are kept is the repository's
matter; `row_of` gives it the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.states import Side
from hedgerow.execution.mapping import Evidence, Verdict
from hedgerow.execution.mapping import Mapping as ContractMapping
from hedgerow.venues.base import Instrument, Listing


@dataclass(frozen=True, slots=True)
class Contract:
    """An instrument as the product trades it: buying backs `buys`. Selling backs `sells`, or every other outcome of the
    market where that is None."""

    instrument: Instrument
    key: MarketKey
    buys: OutcomeId
    sells: OutcomeId | None
    is_open: bool

    def backs_like(self, other: Contract) -> bool:
        """Whether both back the same outcomes of the same market."""
        return (self.key, self.buys, self.sells) == (other.key, other.buys, other.sells)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a round of listings changed. A lost contract does not back what it did any more: nothing may be quoted on
    it as it was. `changed` ones opened, closed, or have another grid or fee."""

    added: tuple[Contract, ...]
    changed: tuple[Contract, ...]
    lost: tuple[Contract, ...]


class Instruments:
    """The proved contracts of a deployment."""

    def __init__(self) -> None:
        self._contracts: dict[tuple[VenueSlug, str], Contract] = {}
        self._by_market: dict[MarketKey, dict[tuple[VenueSlug, str], Contract]] = {}

    def learn(self, listings: Iterable[Listing], mappings: Iterable[ContractMapping]) -> Changes:
        """Takes over what the mapping says of these listings, pair by pair. Contracts that are not among them stay:
        a venue stops to list what is over, and its fills and results still belong to a market."""
        added: list[Contract] = []
        changed: list[Contract] = []
        lost: list[Contract] = []
        for listing, mapping in zip(listings, mappings, strict=True):
            place = listing.instrument.venue, listing.instrument.ref
            before, now = self._contracts.get(place), _contract(listing, mapping)
            if before == now:
                continue
            stays = before is not None and now is not None and before.backs_like(now)
            if before is not None:
                self._drop(place, before)
                if not stays:
                    lost.append(before)
            if now is not None:
                self._contracts[place] = now
                self._by_market.setdefault(now.key, {})[place] = now
                (changed if stays else added).append(now)
        return Changes(tuple(added), tuple(changed), tuple(lost))

    def forget(self, key: MarketKey) -> None:
        """Drops the contracts of a market that is over and settled."""
        for place in self._by_market.pop(key, {}):
            del self._contracts[place]

    def contract(self, venue: VenueSlug, ref: str) -> Contract | None:
        """The contract of an instrument, if it is proved."""
        return self._contracts.get((venue, ref))

    def of_market(self, key: MarketKey) -> tuple[Contract, ...]:
        """Every contract on the market, in the order in which they were proved."""
        return tuple(self._by_market.get(key, {}).values())

    def markets_of(self, fixture_id: FixtureId) -> tuple[MarketKey, ...]:
        """The markets of a fixture that a contract is on."""
        return tuple(key for key in self._by_market if key.fixture_id == fixture_id)

    def backing(self, market: MarketKey, outcome_id: OutcomeId) -> tuple[tuple[Contract, Side], ...]:
        """The contracts that back an outcome of a market, and by which side."""
        found = []
        for contract in self.of_market(market):
            if contract.buys == outcome_id:
                found.append((contract, Side.BUY))
            if contract.sells == outcome_id:
                found.append((contract, Side.SELL))
        return tuple(found)

    def _drop(self, place: tuple[VenueSlug, str], contract: Contract) -> None:
        del self._contracts[place]
        kept = self._by_market[contract.key]
        del kept[place]
        if not kept:
            del self._by_market[contract.key]


def _contract(listing: Listing, mapping: ContractMapping) -> Contract | None:
    if mapping.instrument_ref != listing.instrument.ref:
        raise ValueError(f"mapping of {mapping.instrument_ref} stands beside listing {listing.instrument.ref}")
    if mapping.verdict is not Verdict.PROVED:
        return None
    assert mapping.fixture_id is not None
    assert mapping.market_id is not None
    assert mapping.buys is not None
    key = MarketKey(mapping.fixture_id, mapping.market_id)
    return Contract(listing.instrument, key, mapping.buys, mapping.sells, listing.is_open)


def evidence_json(evidence: Evidence) -> str:
    """The evidence as JSON: names in alphabetical order, Decimals as their exact text. Equal evidence, equal text."""
    return msgspec.json.encode(evidence, order="sorted").decode()


def row_of(venue: VenueSlug, mapping: ContractMapping) -> Mapping[str, Any]:
    """The mapping as a row of `mm_mappings`, without the time. `evidence` is a JSON value."""
    return {
        "venue": venue,
        "instrument_ref": mapping.instrument_ref,
        "market_ref": mapping.market_ref,
        "fixture_id": mapping.fixture_id,
        "market_id": mapping.market_id,
        "outcome_id": mapping.buys,
        "opposite_id": mapping.sells,
        "verdict": mapping.verdict.value,
        "reason": mapping.reason,
        "evidence": msgspec.json.decode(evidence_json(mapping.evidence)),
    }
