"""Recordings that can be played, each kind read by a module of its own, all into the events of `sim.events`."""
