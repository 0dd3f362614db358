"""An account's orders and the slots that they stand in: found by number or by either reference, live, ended, forgotten.

It sends nothing and asks nobody. An order stays known after its end, because fills may come late; only so many ended
ones are kept.
"""

from __future__ import annotations

from collections import deque

from hedgerow.mm.orders import Order, Slot, Stakes
from hedgerow.venues.base import Instrument

ENDED_KEPT = 5_000
"""Ended orders that are kept in memory, because fills may come late; older ones are found in the database."""


class OrderIndex:
    """The orders of one account.

    by_number: every known order by our number; slots: by an instrument's reference and the side.
    """

    __slots__ = ("_by_client_ref", "_by_venue_ref", "_ended", "_live", "_stakes", "by_number", "instruments", "slots")

    def __init__(self, stakes: Stakes) -> None:
        """stakes: the sum in which every order of the account counts, beside those of its slot."""
        self.instruments: dict[str, Instrument] = {}
        self.slots: dict[tuple[str, str], Slot] = {}
        self.by_number: dict[int, Order] = {}
        self._stakes = stakes
        self._by_client_ref: dict[str, Order] = {}
        self._by_venue_ref: dict[str, Order] = {}
        self._live: dict[int, Order] = {}
        self._ended: deque[Order] = deque()

    # --- slots -------------------------------------------------------------------------------------------------

    def add_slot(self, slot: Slot) -> Slot:
        """The slot for one side of an instrument; the one that is there already stays."""
        self.instruments[slot.instrument.ref] = slot.instrument
        return self.slots.setdefault((slot.instrument.ref, slot.side.value), slot)

    def slot_of(self, order: Order) -> Slot | None:
        return self.slots.get((order.instrument.ref, order.side.value))

    def relist(self, instrument: Instrument, *, is_open: bool) -> list[Slot]:
        """Takes over how the exchange lists a contract that is quoted; answers its slots."""
        if instrument.ref in self.instruments:
            self.instruments[instrument.ref] = instrument
        slots = [slot for (ref, _), slot in self.slots.items() if ref == instrument.ref]
        for slot in slots:
            slot.instrument, slot.is_listed, slot.is_open = instrument, True, is_open
            for order in slot.orders:
                order.relist(instrument)
        return slots

    # --- orders ------------------------------------------------------------------------------------------------

    def add(self, order: Order) -> None:
        """The order is known, and counted, from now on."""
        self.by_number[order.order_id] = order
        self._live[order.order_id] = order
        slot = self.slot_of(order)
        order.count_in((self._stakes, *slot.stakes) if slot is not None else (self._stakes,))
        self._by_client_ref[order.client_ref] = order
        if order.venue_ref is not None:
            self._by_venue_ref[order.venue_ref] = order

    def restore(self, order: Order) -> None:
        """Adds an order of an earlier life and puts it into its slot, if it may rest; a second one of the slot is to
        leave."""
        self.add(order)
        slot = self.slot_of(order)
        if slot is not None and order.is_live:
            if slot.order is None:
                slot.order = order
            else:
                slot.leaving.append(order)

    def name(self, order: Order, venue_ref: str) -> None:
        """The exchange's name of an order is known now."""
        order.venue_ref = venue_ref
        self._by_venue_ref[venue_ref] = order

    def find(self, venue_ref: str | None, client_ref: str | None) -> Order | None:
        """Our order by either of its names."""
        order = self._by_venue_ref.get(venue_ref) if venue_ref else None
        return order or (self._by_client_ref.get(client_ref) if client_ref else None)

    def live(self) -> list[Order]:
        """Orders that rest, or may rest; those that have ended since are put away."""
        for order in [order for order in self._live.values() if not order.is_live]:
            del self._live[order.order_id]
            self._ended.append(order)
        while len(self._ended) > ENDED_KEPT:
            self._forget(self._ended.popleft())
        return list(self._live.values())

    def _forget(self, order: Order) -> None:
        if order.is_live:
            self._live[order.order_id] = order
            return
        self.by_number.pop(order.order_id, None)
        self._by_client_ref.pop(order.client_ref, None)
        if order.venue_ref is not None:
            self._by_venue_ref.pop(order.venue_ref, None)
