"""A recording is opened by what it is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.core.errors import InputError
from hedgerow.core.tape import TapeWriter
from hedgerow.sim.events import Recording
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.opening import is_generated, open_recording

from .betfair_files import packed, text_of, whole_match

CATALOGUE = Catalogue()


def opened(file: str | Path, market: str | None = None, margin: Decimal | None = None) -> Recording:
    return open_recording(str(file), CATALOGUE, market=market, margin=margin, start_ns=5)


def tape(path: Path) -> Path:
    writer = TapeWriter(path, "feed", 1)
    frame = b'{"channel":"scores","payload":{"fixtureId":"id1200255561419001","scores":{}}}'
    writer.record(1, "feed", frame)
    writer.close()
    return path


def test_names_do_not_matter(tmp_path: Path) -> None:
    assert opened(packed(tmp_path / "a.gz", text_of(*whole_match()))).summary.kind == "betfair"
    assert opened(tape(tmp_path / "a.bz2")).summary.kind == "tape"
    assert opened("generated").summary.kind == "generated"


def test_a_generated_match_has_its_seed_and_start() -> None:
    summary = opened("generated:7").summary
    assert (summary.file, summary.first_ns) == ("generated:7", 5)
    assert opened("generated").summary.title == opened("generated:1").summary.title


@pytest.mark.parametrize("file", ["generated", "generated:0", "generated:123456789"])
def test_what_is_generated_is_known_by_its_name(file: str) -> None:
    assert is_generated(file)


@pytest.mark.parametrize("file", ["generated:", "generated:x", "generated:1234567890", "./generated"])
def test_everything_else_is_a_file(file: str) -> None:
    assert not is_generated(file)
    with pytest.raises(InputError, match="No such file"):
        opened(file)


def test_options_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a margin can be named"):
        opened(tape(tmp_path / "t"), margin=Decimal("0.02"))
    with pytest.raises(InputError, match="a market can be named"):
        opened("generated", market="1.5")
