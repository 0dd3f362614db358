"""The bookmakers that are reached by a bridge: those of the published list without a public betting API, and those
whose own protocol no connector speaks. A venue that gets a connector of its own is no longer read from here."""

from __future__ import annotations

from collections.abc import Mapping

from hedgerow.core.ids import VenueSlug

NAMES: Mapping[VenueSlug, str] = {
    VenueSlug(slug): name
    for slug, name in (
        # No betting API is published for customers.
        ("betamapola", "Betamapola"),
        ("betcris", "Betcris"),
        ("bookmaker.eu", "Bookmaker.eu"),
        ("sports411.ag", "Sports411"),
        ("justbet", "JustBet"),
        ("paradisewager", "ParadiseWager"),
        ("198bet", "198Bet"),
        ("kaiyun", "Kaiyun"),
        ("monkeyline.vip", "Monkeyline"),
        ("3et", "3et"),
        ("vertex", "Vertex"),
        ("punter.io", "Punter.io"),
        # An API exists, under contract or in part.
        ("sharpbet", "Sharpbet"),
    )
}
"""Slug to name."""
