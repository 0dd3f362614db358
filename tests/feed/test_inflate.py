"""Compressed frames. The dictionaries are made here: those of the feed are not public."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.feed.codec import MalformedFrameError
from hedgerow.feed.inflate import Inflater
from hedgerow.feed.wire import Dictionary

SAMPLES = [b'{"channel":"odds","payload":{"fixtureId":"id%d","price":%d.5}}' % (n, n) for n in range(2000)]
OTHERS = [b'{"channel":"fixtures","payload":{"startTime":%d,"name":"%d"}}' % (n * 7, n) for n in range(2000)]


def dictionary(samples):
    return zstandard.train_dictionary(4096, samples)


ODDS, FIXTURES = dictionary(SAMPLES), dictionary(OTHERS)


def told(content, dict_id=None, data=None):
    text = b64encode(content.as_bytes()).decode() if data is None else data
    return Dictionary(channel="odds", dict_id=content.dict_id() if dict_id is None else dict_id, data=text)


def deflate(text, content=None):
    """One frame that does not say how large it is, as the feed writes them."""
    return zstandard.ZstdCompressor(dict_data=content, write_content_size=False).compress(text)


@given(st.binary(max_size=300_000))
def test_frame_without_its_size_comes_back_whole(text):
    assert Inflater().inflate(memoryview(deflate(text))) == text


def test_dictionary_is_told_by_the_frames_header_and_not_by_its_channel():
    inflater = Inflater()
    inflater.learn(told(ODDS))
    inflater.learn(told(FIXTURES))
    assert inflater.inflate(deflate(SAMPLES[7], FIXTURES)) == SAMPLES[7]
    assert inflater.inflate(deflate(OTHERS[7], ODDS)) == OTHERS[7]
    assert inflater.inflate(deflate(SAMPLES[7])) == SAMPLES[7]


def test_frame_with_a_dictionary_that_was_never_sent_is_not_tried_with_another():
    inflater = Inflater()
    inflater.learn(told(ODDS))
    with pytest.raises(MalformedFrameError, match="never sent"):
        inflater.inflate(deflate(OTHERS[7], FIXTURES))


def test_frame_is_bounded_by_what_it_comes_to():
    bomb = deflate(bytes(5_000_000))
    assert len(bomb) < 1000
    assert len(Inflater().inflate(bomb)) == 5_000_000
    with pytest.raises(MalformedFrameError, match="more than 1000000"):
        Inflater(largest=1_000_000).inflate(bomb)


@pytest.mark.parametrize("junk", [b"", b"{}", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\x04\x00\xff\xff\xff\xff"])
def test_what_is_not_compressed_is_malformed(junk):
    with pytest.raises(MalformedFrameError):
        Inflater().inflate(junk)


def test_frame_that_breaks_off_is_not_the_whole():
    frame = deflate(SAMPLES[7] * 50)
    with suppress(MalformedFrameError):
        assert Inflater().inflate(frame[:-8]) != SAMPLES[7] * 50


def test_dictionary_counts_under_the_id_that_frames_name():
    inflater = Inflater()
    inflater.learn(told(ODDS, dict_id=5))
    assert inflater.inflate(deflate(SAMPLES[7], ODDS)) == SAMPLES[7]


def test_dictionary_that_is_not_base64_is_malformed():
    with pytest.raises(MalformedFrameError, match="dictionary 5"):
        Inflater().learn(told(ODDS, dict_id=5, data="not base64!"))
