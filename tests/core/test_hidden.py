"""What a key looks like; that secrets stay hidden is in `test_secrets`."""

from __future__ import annotations

import pytest

from hedgerow.core.hidden import is_key

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d0ff"


@pytest.mark.parametrize("text", [KEY, KEY.upper()])
def test_uuid_is_the_form_of_a_key(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize("text", ["", "demo", KEY[:-1], KEY + "0", KEY.replace("-", ""), "{" + KEY + "}", None, 7])
def test_what_is_not_a_uuid_is_no_key(text: object) -> None:
    assert not is_key(text)
