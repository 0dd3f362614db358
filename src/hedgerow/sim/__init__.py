"""The simulated world: venues and feed that speak the real protocols, on one clock, with one truth.

Uses hedgerow.core and itself, nothing else: what it knows of a venue comes from the venue's sheet, never from our
connector, so that one wrong belief cannot pass on both sides.
"""
