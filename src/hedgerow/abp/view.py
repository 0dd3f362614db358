"""What a client could bet on an outcome now: each of its accounts with its bookmaker's offer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedgerow.abp.candidates import Standing, candidate_of
from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.limits import USD
from hedgerow.abp.offers import Momentary, Offer, Offers
from hedgerow.abp.routing import Candidate
from hedgerow.core.ids import MarketKey, OutcomeId, VenueSlug
from hedgerow.execution.guard import Breakers, Circuit


class View:
    """Desks and offers of this moment, put together."""

    def __init__(self, desks: Desks, offers: Offers, breakers: Breakers, *, untold_max: Decimal) -> None:
        """untold_max: the highest stake assumed, in USD, where nobody names a limit."""
        self._desks, self._offers, self._breakers, self._untold_max = desks, offers, breakers, untold_max

    def of_now(self) -> View:
        """The same for many orders that are looked at without a pause: what bookmakers offer is looked for once."""
        return View(self._desks, Momentary(self._offers), self._breakers, untold_max=self._untold_max)

    def candidates(
        self,
        client: str,
        market: MarketKey,
        outcome_id: OutcomeId,
        standing: Callable[[Desk, Offer], Standing],
        *,
        is_back: bool,
    ) -> tuple[Candidate, ...]:
        """One for each active account whose bookmaker has a quote and whose currency has a rate."""
        found = (
            (desk, self._offers.offer(market, outcome_id, VenueSlug(desk.row.venue), is_back=is_back))
            for desk in self._desks.of(client)
        )
        made = (
            self.candidate(desk, offer, standing(desk, offer), is_back=is_back)
            for desk, offer in found
            if offer is not None
        )
        return tuple(candidate for candidate in made if candidate is not None)

    def candidate(self, desk: Desk, offer: Offer, standing: Standing, *, is_back: bool) -> Candidate | None:
        """None where no rate is known for the account's currency, or for the one of the offer's limit."""
        row, rates = desk.row, self._offers.rates
        currency = self._desks.currency(row.currency, rates)
        limit_currency = self._desks.currency(offer.limit_currency, rates)
        if currency is None or (limit_currency is None and offer.limit is not None):
            return None
        return candidate_of(
            row,
            currency,
            offer,
            limit_currency or USD,
            self._desks.terms_of(row.venue),
            standing,
            is_back=is_back,
            lays=desk.bookmaker.manifest.lays,
            venue_min=desk.bookmaker.manifest.minimum_stake,
            untold_max=self._untold_max,
        )

    def why_closed(self, desk: Desk) -> str | None:
        """Why nothing can be sent to an account now, whatever its bookmaker offers."""
        if not desk.is_open:
            return "account is not connected"
        return "circuit breaker is open" if self._breakers.state(desk.row.account_id) is Circuit.OPEN else None
