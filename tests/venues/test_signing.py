"""EIP-712, EIP-55 and HMAC by the published examples; recovery and refusals by properties."""

from __future__ import annotations

import pytest
from coincurve import PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.secrets import Secret
from hedgerow.venues import signing

COW_KEY = Secret("0x" + signing.keccak(b"cow").hex())  # the wallet of EIP-712's own example
# The order of secp256k1's group (SEC 2, section 2.4.1): keys lie in 1 .. order - 1.
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_keccak_is_ethereums_and_not_nists() -> None:
    assert signing.keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ],
)
def test_checksums_are_those_of_eip_55(address: str) -> None:
    assert signing.checksum_address(address.lower()) == address


def mail_of_eip_712() -> tuple[bytes, bytes]:
    """The domain separator and the struct hash of the example in EIP-712."""
    separator = signing.domain_separator(
        name="Ether Mail",
        version="1",
        chain_id=1,
        verifying_contract="0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    )
    person = signing.type_hash("Person(string name,address wallet)")
    mail = signing.type_hash("Mail(Person from,Person to,string contents)Person(string name,address wallet)")

    def hash_of(name: str, wallet: str) -> bytes:
        return signing.struct_hash(person, (signing.text_word(name), signing.address_word(wallet)))

    struct = signing.struct_hash(
        mail,
        (
            hash_of("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
            hash_of("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"),
            signing.text_word("Hello, Bob!"),
        ),
    )
    return separator, struct


def test_hashes_of_eip_712s_example_come_out() -> None:
    separator, struct = mail_of_eip_712()
    assert separator.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    assert struct.hex() == "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"
    digest = signing.typed_digest(separator, struct)
    assert digest.hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


def test_signature_of_eip_712s_example_comes_out() -> None:
    wallet = signing.Wallet(COW_KEY)
    assert wallet.address == "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"
    signature = wallet.sign(signing.typed_digest(*mail_of_eip_712()))
    assert signature.hex() == (
        "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
        "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
        "1c"
    )


def test_domain_holds_only_the_fields_that_are_given() -> None:
    kind = signing.type_hash("EIP712Domain(string name,uint256 chainId)")
    by_hand = signing.keccak(kind + signing.text_word("Auth") + signing.uint_word(137))
    assert signing.domain_separator(name="Auth", chain_id=137) == by_hand


@given(st.integers(1, ORDER - 1), st.binary(min_size=32, max_size=32))
def test_signer_of_a_signature_is_its_wallet(key: int, digest: bytes) -> None:
    wallet = signing.Wallet(Secret(f"{key:064x}"))
    signature = wallet.sign(digest)
    assert signature[64] in (27, 28)
    recoverable = signature[:64] + bytes((signature[64] - 27,))
    point = PublicKey.from_signature_and_message(recoverable, digest, hasher=None).format(compressed=False)[1:]
    assert signing.checksum_address("0x" + signing.keccak(point)[-20:].hex()) == wallet.address
    assert int.from_bytes(signature[32:64], "big") <= ORDER // 2


@given(st.integers(0, 2**256 - 1))
def test_word_holds_the_integer(value: int) -> None:
    word = signing.uint_word(value)
    assert len(word) == 32
    assert int.from_bytes(word, "big") == value


@pytest.mark.parametrize("value", [-1, 2**256])
def test_integer_that_fits_no_word_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        signing.uint_word(value)


@pytest.mark.parametrize(
    "text", ["", "0x", "0x12", "12" * 20, "0x" + "zz" * 20, "0x" + "12" * 21, "0x" + "12 " * 13 + "1"]
)
def test_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        signing.address_word(text)


@pytest.mark.parametrize("key", ["", "0x12", "zz" * 32, f"{0:064x}", f"{ORDER:064x}"])
def test_refused_key_is_not_repeated_in_the_error(key: str) -> None:
    with pytest.raises(ValueError, match="private key") as caught:
        signing.Wallet(Secret(key))
    assert caught.value.__cause__ is None
    assert not key or key not in str(caught.value)


def test_wallet_prints_its_address_and_not_its_key() -> None:
    assert repr(signing.Wallet(COW_KEY)) == "Wallet(0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826)"


def test_hmac_is_rfc_4231s_in_base64url() -> None:
    keyed = signing.KeyedHash(b"Jefe")
    for _ in range(2):  # what was hashed before is in no later hash
        signature = keyed.base64url(b"what do ya want for nothing?")
        assert signing.base64url_bytes(signature).hex() == (
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        assert signature.endswith("=")


@given(st.binary(max_size=64))
def test_base64url_is_read_with_and_without_padding(data: bytes) -> None:
    padded = signing.urlsafe_b64encode(data).decode()
    assert signing.base64url_bytes(padded) == data
    assert signing.base64url_bytes(padded.rstrip("=")) == data
