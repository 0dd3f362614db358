"""Compressed frames of the feed: zstd, with the dictionaries that the server sends after the login.

Which dictionary a frame needs stands in its own header. Neither the channel nor trial tells it: a wrong dictionary
may decompress to something.
"""

from __future__ import annotations

from base64 import b64decode

import zstandard

from hedgerow.feed.codec import MalformedFrameError
from hedgerow.feed.wire import Dictionary

LARGEST_FRAME = 64 * 1024 * 1024
"""What a frame may come to when it is decompressed; the feed does not write the size into it."""

_NO_DICTIONARY = 0


class Inflater:
    """Decompresses the frames of one connection."""

    def __init__(self, largest: int = LARGEST_FRAME) -> None:
        self._largest = largest
        self._decompressors = {_NO_DICTIONARY: zstandard.ZstdDecompressor()}

    def learn(self, dictionary: Dictionary) -> None:
        """Takes a dictionary, under the id that it carries itself, which is the one that frames name. Raises
        MalformedFrameError when it is none."""
        try:
            content = zstandard.ZstdCompressionDict(b64decode(dictionary.data, validate=True))
        except (ValueError, zstandard.ZstdError) as error:
            raise MalformedFrameError(f"dictionary {dictionary.dict_id}: {error}") from error
        self._decompressors[content.dict_id() or dictionary.dict_id] = zstandard.ZstdDecompressor(dict_data=content)

    def inflate(self, frame: bytes | memoryview) -> bytes:
        """The frame's content. Raises MalformedFrameError for what cannot be decompressed, or comes to too much."""
        try:
            dict_id = zstandard.get_frame_parameters(frame).dict_id
            decompressor = self._decompressors[dict_id]
            parts, size = [], 0
            for part in decompressor.read_to_iter(frame):
                size += len(part)
                if size > self._largest:
                    raise MalformedFrameError(f"a compressed frame holds more than {self._largest} bytes")
                parts.append(part)
        except KeyError:
            raise MalformedFrameError(f"dictionary {dict_id} was never sent") from None
        except zstandard.ZstdError as error:
            raise MalformedFrameError(str(error)) from error
        return b"".join(parts)
