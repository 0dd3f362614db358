"""Which credentials fit together, and what a request's signature covers. Published headers: test_vectors.py."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account
from hedgerow.venues.polymarket.auth import ApiKey, RequestSigner, identity_of
from hedgerow.venues.polymarket.orders import SignatureType
from hedgerow.venues.polymarket.parse import Owner

KEY = "0x" + "11" * 32
OWN = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
OTHER = "0x" + "ab" * 20


def account(**given: str) -> Account:
    credentials = {"private_key": KEY, **given}
    return Account(1, "demo", "USD", {name: Secret(text) for name, text in credentials.items()})


def test_key_alone_trades_from_its_own_address() -> None:
    identity = identity_of(account())
    assert identity.signature_type is SignatureType.EOA
    assert identity.funder == identity.order_signer == OWN
    assert identity.api_key is None


@pytest.mark.parametrize(("kind", "named"), [("1", OWN), ("2", OWN), ("3", OTHER)])
def test_deposit_wallet_signs_as_itself_and_others_by_their_owner(kind: str, named: str) -> None:
    identity = identity_of(account(funder=OTHER, signature_type=kind))
    assert identity.funder.lower() == OTHER
    assert identity.order_signer.lower() == named.lower()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"private_key": "0x12"}, "private key"),
        ({"funder": "somewhere"}, "funder"),
        ({"signature_type": "9"}, "signature_type"),
        ({"signature_type": "3"}, "signature_type 3"),
        ({"funder": OTHER}, "signature_type 0"),
        ({"funder": OWN, "signature_type": "2"}, "signature_type 2"),
        ({"api_key": "k"}, "only a part"),
        ({"api_key": "k", "api_secret": "s"}, "only a part"),
    ],
)
def test_wrong_credentials_stop_the_start(given: dict[str, str], what: str) -> None:
    with pytest.raises(SetupError, match=what) as caught:
        identity_of(account(**given))
    assert KEY[2:] not in str(caught.value)


def test_missing_key_stops_the_start() -> None:
    with pytest.raises(SetupError, match="private_key"):
        identity_of(Account(1, "demo", "USD", {}))


def test_secret_that_is_no_base64_stops_the_start() -> None:
    with pytest.raises(SetupError, match="base64"):
        RequestSigner(OWN, ApiKey(Secret("k"), Secret("a"), Secret("p")))


def test_each_part_of_a_request_is_signed() -> None:
    signer = RequestSigner(OWN, ApiKey(Secret("k"), Secret("a2V5"), Secret("p")))

    def signature(*parts: object) -> str:
        return dict(signer.headers(*parts))["POLY_SIGNATURE"]  # type: ignore[arg-type]

    one = signature(1, "POST", "/order", b"{}")
    others = [
        signature(2, "POST", "/order", b"{}"),
        signature(1, "DELETE", "/order", b"{}"),
        signature(1, "POST", "/orders", b"{}"),
        signature(1, "POST", "/order", b"[]"),
    ]
    assert len({one, *others}) == 5


def test_lines_of_a_request_are_its_headers_that_differ() -> None:
    signer = RequestSigner(OWN, ApiKey(Secret("k"), Secret("a2V5"), Secret("p")))
    headers = signer.headers(1, "POST", "/order", b"{}")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers if (name, value) not in signer.who)
    assert signer.lines(1, "POST", "/order", b"{}") == lines.encode()


def test_secrets_are_not_in_a_repr() -> None:
    identity = identity_of(account(api_key="hidden-1", api_secret="hidden-2", api_passphrase="hidden-3"))
    assert "hidden" not in repr(identity)
    assert "11" * 32 not in repr(identity)
    assert "hidden" not in repr(Owner("hidden", "0x"))
