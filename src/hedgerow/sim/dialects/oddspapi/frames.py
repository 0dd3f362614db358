"""Data frames: numbered, written once in each form that a session needs, kept while they can be replayed.

Source: the feed sheet, section 5.2: gaps in a channel's numbers are normal, for a filter or a conflation makes them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hedgerow.sim.dialects.oddspapi import codec, facts
from hedgerow.sim.dialects.oddspapi.session import GATED_BY_BOOKMAKER, RESUME_WINDOW_MS, About, Session
from hedgerow.sim.dialects.oddspapi.shapes import Json
from hedgerow.sim.world import Fixture

RING_FRAMES = 10_000


@dataclass(frozen=True, slots=True)
class Frame:
    """A data frame before it is written. ms and number, which rises within the channel, make its entry id; order
    rises over all channels."""

    channel: str
    payload: Json
    about: About | None
    ms: int
    number: int
    order: int


class Rendering:
    """A frame in the forms that the sessions need, each written once."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self._present = tuple(frame.payload[frame.channel]) if frame.channel in GATED_BY_BOOKMAKER else ()
        self._written: dict[tuple[str, str, tuple[str, ...]], str | bytes] = {}

    def for_session(self, session: Session) -> str | bytes | None:
        """What the session gets; None when its filters let nothing through."""
        channel = self.frame.channel
        if not session.filter.admits(channel, self.frame.about):
            return None
        slugs = session.filter.slugs(channel, self._present)
        if self._present and not slugs:
            return None
        key = session.lang, session.receive_type, slugs
        if key not in self._written:
            self._written[key] = codec.data(self._envelope(session.lang, slugs), session.receive_type)
        return self._written[key]

    def _envelope(self, lang: str, slugs: tuple[str, ...]) -> Json:
        frame = self.frame
        payload = frame.payload
        if len(slugs) != len(self._present):
            payload = {**payload, frame.channel: {slug: payload[frame.channel][slug] for slug in slugs}}
        if frame.channel == "fixtures" and lang != facts.DEFAULT_LANGUAGE:
            status = payload["status"]
            payload = {**payload, "status": {**status, "statusName": facts.status_name(status["statusId"], lang)}}
        return envelope(frame, payload)


def envelope(frame: Frame, payload: Json) -> Json:
    """A data frame as it is said, with the part of its payload that a session may have."""
    return {
        "channel": frame.channel,
        "type": "UPDATE",
        "payload": payload,
        "ts": frame.ms,
        "entryId": f"{frame.ms}-{frame.number}",
    }


class Ring:
    """The entries of one channel that can still be replayed."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._evicted = 0  # number of the last entry that is gone
        self.last: tuple[int, int] | None = None

    def add(self, frame: Frame) -> None:
        self._frames.append(frame)
        self.last = frame.ms, frame.number
        while len(self._frames) > RING_FRAMES or self._frames[0].ms < frame.ms - RESUME_WINDOW_MS:
            self._evicted = self._frames.popleft().number

    def after(self, number: int) -> list[Frame] | None:
        """All entries since one; None when some of them are gone."""
        return None if number < self._evicted else [frame for frame in self._frames if frame.number > number]

    def clear(self) -> None:
        """Forgets all, as a restarted gateway has."""
        self._frames.clear()
        self.last = None


def about(fixture: Fixture) -> About:
    """What the filters need to know of a fixture."""
    return About(fixture.fixture_id, fixture.sport_id, fixture.tournament_id, fixture.status_id == 1)
