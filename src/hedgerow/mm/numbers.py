"""Order numbers, and the references that carry them to the exchange and back.

An order's row is written behind, so after a crash the exchange may hold orders that the database never saw. Their
reference tells which deployment sent them and under which number: it is derived, not remembered.
"""

from __future__ import annotations

import asyncio
import uuid
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

_TAG_BITS, _NUMBER_BITS, _CHECK_BITS = 32, 64, 32


LOW = 1_000
"""Fewer numbers than this left: the next blocks are drawn. A burst of quotes takes as many as there are slots."""


class OrderNumbers:
    """Hands out order ids from blocks drawn ahead. Raises NoNumbersError when the blocks are used up."""

    def __init__(self) -> None:
        self._blocks: list[Iterator[int]] = []
        self.left = 0
        self.is_low = asyncio.Event()
        self.is_low.set()

    def add(self, block: Iterable[int]) -> None:
        numbers = list(block)
        self._blocks.append(iter(numbers))
        self.left += len(numbers)
        if self.left >= LOW:
            self.is_low.clear()

    def take(self) -> int:
        while self._blocks:
            number = next(self._blocks[0], None)
            if number is not None:
                self.left -= 1
                if self.left < LOW:
                    self.is_low.set()
                return number
            self._blocks.pop(0)
        raise NoNumbersError("order numbers are used up; the database is behind")


class NoNumbersError(RuntimeError):
    """No order can be made before the database has given new numbers."""


@lru_cache(maxsize=1024)
def reference_of(tag: int, order_id: int) -> str:
    """The reference of an order, in the form of a UUID. tag: of the deployment, 32 bits. Kept, because the next order's
    is worked out ahead (`mm.lane`)."""
    body = (tag << _NUMBER_BITS) | order_id
    digits = f"{body:024x}{zlib.crc32(body.to_bytes(12, 'big')):08x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def order_id_of(tag: int, reference: str | None) -> int | None:
    """The number in a reference of this deployment; None for any other text."""
    try:
        whole = uuid.UUID(reference or "").int
    except ValueError:
        return None
    body, check = whole >> _CHECK_BITS, whole & ((1 << _CHECK_BITS) - 1)
    ours = body >> _NUMBER_BITS == tag and zlib.crc32(body.to_bytes(12, "big")) == check
    return body & ((1 << _NUMBER_BITS) - 1) if ours else None
