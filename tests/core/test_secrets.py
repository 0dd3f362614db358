"""Secrets: no printed form gives them away, and a sealed one opens only where it belongs."""

from __future__ import annotations

import copy
import pickle
from base64 import b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret, Vault, key_hash, new_master_key

KEY = Secret(b64encode(bytes(range(32))).decode())
texts = st.text(min_size=1)
hidden = st.text(alphabet="abcdefgh", min_size=8)


class Model(BaseModel):
    secret: Secret


@given(hidden)
def test_no_printed_form_shows_the_text(text: str) -> None:
    secret = Secret(text)
    forms = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>40}",
        repr([secret]),
        repr({"a": secret}),
    ]
    forms += [Model(secret=secret).model_dump_json(), repr(Model(secret=secret))]
    assert not any(text in form for form in forms)
    assert secret.reveal() == text


def test_secret_is_not_pickled_copied_or_encoded() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        copy.copy(Secret("x"))
    with pytest.raises(TypeError):
        msgspec.json.encode({"secret": Secret("x")})


def test_secrets_are_equal_by_text_and_false_when_empty() -> None:
    assert Secret("x") == Secret("x") != Secret("y")
    assert Secret("x") != "x"
    assert len({Secret("x"), Secret("x")}) == 1
    assert not Secret("")
    assert Secret("x")


@given(texts, texts)
def test_sealed_text_opens_with_its_identity(text: str, identity: str) -> None:
    vault = Vault(KEY)
    assert vault.open(vault.seal(text, identity), identity).reveal() == text


@given(texts)
def test_sealed_twice_is_never_the_same(text: str) -> None:
    assert Vault(KEY).seal(text, "row") != Vault(KEY).seal(text, "row")


@given(st.text(), texts, texts)
def test_sealed_text_does_not_open_in_another_row(text: str, identity: str, other: str) -> None:
    vault, sealed = Vault(KEY), Vault(KEY).seal(text, identity)
    if identity != other:
        with pytest.raises(SetupError, match="do not open"):
            vault.open(sealed, other)


def test_sealed_text_does_not_open_with_another_key() -> None:
    with pytest.raises(SetupError, match="credentials of row"):
        Vault(Secret(new_master_key())).open(Vault(KEY).seal("x", "row"), "row")


@given(st.binary(max_size=40))
def test_bytes_that_were_never_sealed_do_not_open(junk: bytes) -> None:
    with pytest.raises(SetupError, match="do not open"):
        Vault(KEY).open(junk, "row")


@pytest.mark.parametrize("key", ["", "short", b64encode(bytes(31)).decode(), b64encode(bytes(33)).decode(), "ß" * 44])
def test_key_of_another_form_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SetupError, match="not 32 bytes in base64") as caught:
        Vault(Secret(key))
    assert not key or key not in str(caught.value)


def test_new_master_keys_work_and_differ() -> None:
    Vault(Secret(new_master_key()))
    assert new_master_key() != new_master_key()


def test_hash_of_a_key_is_its_sha256() -> None:
    """Source: FIPS 180-4, the example "abc"."""
    assert key_hash("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
