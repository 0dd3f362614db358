"""The tape: what is recorded comes back, and a kill loses only what was not flushed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InputError
from hedgerow.core.tape import LONGEST_LINE, MAGIC, TapeReader, TapeWriter

NOW_NS = 1_700_000_000_000_000_000
HEADER = b'{"tape":1,"kind":"feed","created":"x"}'


def written(path: Path, *records: tuple[int, str, bytes], flush_each: bool = False) -> Path:
    tape = TapeWriter(path, "feed", NOW_NS)
    for at_ns, kind, data in records:
        tape.record(at_ns, kind, data)
        if flush_each:
            tape.flush()
    tape.close()
    return path


def read(path: Path) -> list[tuple[int, str, object]]:
    return [(record.t, record.k, msgspec.json.decode(record.d)) for record in TapeReader(path).records()]


def frames(*lines: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "match.tape.zst"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.tuples(st.integers(0, 2**62), st.text(min_size=1), json_values, st.booleans()), max_size=20))
def test_what_is_recorded_comes_back(records: list[tuple[int, str, object, bool]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.tape.zst"
        tape = TapeWriter(path, "feed", NOW_NS)
        for at_ns, kind, value, flush in records:
            tape.record(at_ns, kind, msgspec.json.encode(value))
            if flush:
                tape.flush()
        tape.close()
        assert read(path) == [(at_ns, kind, value) for at_ns, kind, value, _ in records]


def test_numbers_keep_their_digits_and_layout_does_not_matter(path: Path) -> None:
    written(path, (1, "feed", b'{\n  "price": 1.10,\n "n": [1,  2] }'))
    (record,) = TapeReader(path).records()
    assert bytes(record.d) == b'{"price":1.10,"n":[1,2]}'


def test_the_header_says_what_it_is(path: Path) -> None:
    header = TapeReader(written(path)).header
    assert (header.tape, header.kind, header.created) == (1, "feed", "2023-11-14T22:13:20+00:00")
    assert path.read_bytes().startswith(MAGIC)


def test_a_tape_is_gone_on_with(path: Path) -> None:
    written(path, (1, "feed", b"1"))
    written(path, (2, "feed", b"2"))
    assert [data for _, _, data in read(path)] == [1, 2]


def test_a_cut_loses_only_the_last_flush(path: Path) -> None:
    written(path, (1, "feed", b'"kept"'), flush_each=True)
    kept = path.stat().st_size
    whole = written(path, (2, "feed", b'"lost"')).read_bytes()
    for length in range(kept + 1, len(whole)):
        path.write_bytes(whole[:length])
        reader = TapeReader(path)
        assert [record.t for record in reader.records()] in ([1], [1, 2])
        assert reader.cut


def test_a_whole_tape_is_not_called_cut(path: Path) -> None:
    reader = TapeReader(written(path, (1, "feed", b"1")))
    assert len(list(reader.records())) == 1
    assert not reader.cut


def test_a_torn_end_is_cut_off_before_writing_on(path: Path) -> None:
    written(path, (1, "feed", b"1"), (2, "feed", b"2"), flush_each=True)
    path.write_bytes(path.read_bytes()[:-3])
    written(path, (3, "feed", b"3"))
    assert [data for _, _, data in read(path)] == [1, 3]


def test_a_tape_whose_header_was_torn_begins_anew(path: Path) -> None:
    written(path)
    path.write_bytes(path.read_bytes()[:-2])
    written(path, (1, "feed", b"1"))
    assert [data for _, _, data in read(path)] == [1]


def test_records_reach_the_file_without_a_close(path: Path) -> None:
    tape = TapeWriter(path, "feed", NOW_NS)
    tape.record(NOW_NS, "feed", b"1")
    tape.record(NOW_NS + 2_000_000_000, "feed", b"2")  # later than the longest that a record waits
    assert [data for _, _, data in read(path)] == [1, 2]
    tape.close()
    tape.close()


def test_only_json_of_a_bounded_length_is_taken(path: Path) -> None:
    tape = TapeWriter(path, "feed", NOW_NS)
    with pytest.raises(ValueError, match="JSON"):
        tape.record(1, "feed", b"{torn")
    with pytest.raises(ValueError, match="longer"):
        tape.record(1, "feed", b'"' + b"x" * LONGEST_LINE + b'"')
    tape.close()
    assert read(path) == []


def test_another_kind_is_not_written_on(path: Path) -> None:
    written(path)
    with pytest.raises(InputError, match="of kind feed, not orders"):
        TapeWriter(path, "orders", NOW_NS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no header"),
        (b"plain text", "damaged after byte 0"),
        (frames(b"no json"), "no header"),
        (frames(b'{"tape":2,"kind":"feed","created":"x"}'), "version 2"),
    ],
)
def test_what_is_no_tape_is_refused_by_name(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"match\.tape\.zst: .*{said}"):
        TapeReader(path)


def test_a_file_that_is_no_tape_is_not_overwritten(path: Path) -> None:
    path.write_bytes(b"somebody's notes")
    with pytest.raises(InputError):
        TapeWriter(path, "feed", NOW_NS)
    assert path.read_bytes() == b"somebody's notes"


def test_a_missing_file_is_said_plainly(path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        TapeReader(path)


def test_a_damaged_record_is_named_by_its_line(path: Path) -> None:
    path.write_bytes(frames(HEADER, b'{"t":1,"k":"feed","d":1}', b'{"t":"x"}'))
    with pytest.raises(InputError, match="line 3"):
        list(TapeReader(path).records())


def test_a_damaged_frame_is_told_from_a_cut(path: Path) -> None:
    noise = bytes(range(256)) * 8
    path.write_bytes(frames(HEADER) + noise + frames(b'{"t":3,"k":"feed","d":3}'))
    with pytest.raises(InputError, match="damaged after byte"):
        list(TapeReader(path).records())


def test_a_line_that_never_ends_is_refused(path: Path) -> None:
    path.write_bytes(frames(HEADER, b"0" * (LONGEST_LINE + 1)))
    with pytest.raises(InputError, match="line 2: longer"):
        list(TapeReader(path).records())
