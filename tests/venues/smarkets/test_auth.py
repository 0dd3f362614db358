"""The codes of a second factor."""

from __future__ import annotations

import base64

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.smarkets.auth import totp_code

SEED = Secret(base64.b32encode(b"12345678901234567890").decode())


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    assert totp_code(SEED, at_s, digits=8) == code
    assert totp_code(SEED, at_s) == code[2:]


def test_a_secret_may_be_written_in_groups_and_without_its_padding() -> None:
    assert totp_code(Secret("gezd gnbv gy3t qojq"), 59) == totp_code(Secret("GEZDGNBVGY3TQOJQ"), 59)


@pytest.mark.parametrize("text", ["1nope", "ü"])
def test_what_is_no_base32_stops_the_start_without_showing_it(text: str) -> None:
    with pytest.raises(SetupError) as caught:
        totp_code(Secret(text), 0)
    assert text not in str(caught.value)
