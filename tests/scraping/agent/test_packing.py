"""Packed bodies: unpacked from any pieces, a bounded piece at a time."""

from __future__ import annotations

import gzip
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.scraping.agent.packing import PackingError, unpacker
from hedgerow.scraping.messages import CODINGS


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = [
    ("gzip", gzip.compress),
    ("x-gzip", lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]) + b"\0\0"),
    (" Deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstandard.compress),
    ("ZSTD", lambda data: zstandard.compress(data[:7]) + zstandard.compress(data[7:])),
]


def unpacked(coding: str, parts: list[bytes]) -> bytes:
    unpacking = unpacker(coding)
    assert unpacking is not None
    data = b"".join([piece for part in parts for piece in unpacking.feed(part)])
    unpacking.end()
    return data


@given(st.sampled_from(PACKERS), st.binary(max_size=300), st.integers(1, 400), st.integers(1, 50))
def test_a_body_is_unpacked_from_whatever_pieces_it_comes_in(packer, data, repeated, step) -> None:
    coding, pack = packer
    packed = pack(data * repeated)
    assert unpacked(coding, [packed[start : start + step] for start in range(0, len(packed), step)]) == data * repeated
    assert unpacked(coding, [packed]) == data * repeated


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
def test_a_body_that_is_cut_off_or_something_else_is_refused(coding, pack) -> None:
    packed = pack(b"some text that is not short " * 3)
    with pytest.raises(PackingError):
        unpacked(coding, [packed[: len(packed) // 2]])
    with pytest.raises(PackingError):
        unpacked(coding, [b"\xff" * 40])


@pytest.mark.parametrize("coding", CODINGS)
def test_no_body_is_no_body(coding) -> None:
    assert unpacked(coding, []) == b""


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
def test_what_unpacks_to_much_comes_in_bounded_pieces(coding, pack) -> None:
    unpacking = unpacker(coding)
    assert unpacking is not None
    sizes = [len(piece) for piece in unpacking.feed(pack(bytes(100 * 1024 * 1024)))]
    assert sum(sizes) == 100 * 1024 * 1024
    assert max(sizes) <= 33 * 1024 * 1024


@pytest.mark.parametrize("coding", ["br", "identity", "", "gzip, gzip", "compress"])
def test_other_codings_are_left_as_they_are(coding) -> None:
    assert unpacker(coding) is None
