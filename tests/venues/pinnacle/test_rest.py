"""What counts as an empty answer."""

from __future__ import annotations

import pytest

from hedgerow.net.http import Answer
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.rest import _decode
from hedgerow.venues.reading import UnreadableError


@pytest.mark.parametrize(("status", "headers"), [(200, {"content-length": "0"}), (204, {})])
def test_an_empty_answer_that_says_so_is_nothing(status: int, headers: dict[str, str]) -> None:
    assert _decode(Answer(status, headers, b""), wire.BetsPage).straight_bets is None


@pytest.mark.parametrize("headers", [{}, {"content-length": "50"}, {"transfer-encoding": "chunked"}])
def test_an_empty_answer_that_may_have_broken_off_proves_nothing(headers: dict[str, str]) -> None:
    with pytest.raises(UnreadableError):
        _decode(Answer(200, headers, b""), wire.BetsPage)
