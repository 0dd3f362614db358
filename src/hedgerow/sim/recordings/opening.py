"""Opens whatever can be played, by what it is."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from hedgerow.core import tape
from hedgerow.core.errors import InputError
from hedgerow.sim.events import Recording
from hedgerow.sim.generator import GeneratedMatch
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.betfair import BetfairRecording
from hedgerow.sim.recordings.files import magic
from hedgerow.sim.recordings.odds_rule import DEFAULT_MARGIN
from hedgerow.sim.recordings.tape import TapeRecording

_GENERATED = re.compile(r"generated(?::(\d{1,9}))?")
DEFAULT_SEED = 1


def is_generated(file: str) -> bool:
    """Whether the name stands for a match that is made up, not for a file."""
    return _GENERATED.fullmatch(file) is not None


def open_recording(
    file: str, catalogue: Catalogue, *, market: str | None = None, margin: Decimal | None = None, start_ns: int
) -> Recording:
    """A recording of any kind: `generated`, `generated:<seed>`, a Betfair stream file or a tape.

    market: the one to play of a Betfair file with several. margin: two-way overround; None: the default. start_ns:
    when a generated match begins. Reads the file once. Raises InputError that names what cannot be played, and why.
    """
    generated = _GENERATED.fullmatch(file)
    path = Path(file)
    if generated:
        _refuse(file, market=market)
        seed = int(generated[1]) if generated[1] else DEFAULT_SEED
        return GeneratedMatch(seed, start_ns=start_ns, margin=DEFAULT_MARGIN if margin is None else margin)
    if magic(path) == tape.MAGIC:
        _refuse(file, market=market, margin=margin)
        return TapeRecording(path)
    return BetfairRecording(path, catalogue, market=market, margin=DEFAULT_MARGIN if margin is None else margin)


def _refuse(file: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{file}: a {name} can be named for a recording of an exchange's market only")
