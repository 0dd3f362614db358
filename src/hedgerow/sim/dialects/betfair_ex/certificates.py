"""The certificates of the simulated venue: its own, and those of its customers.

One authority signs them all. Keys are Ed25519 and follow from their names, as do the signatures, so that what was
given out by one process is accepted by the next. Betfair takes self-signed RSA certificates that were uploaded; here
the authority's signature stands for the upload.
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
_AUTHORITY, _SERVER = "simulated Betfair authority", "simulated Betfair"


def authority_pem() -> str:
    """What a client of the simulated venue has to trust."""
    key = _key(_AUTHORITY)
    built = _builder(_AUTHORITY, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return _pem(built.sign(key, None))


def client_pem(username: str) -> tuple[str, str]:
    """(certificate, private key) of an account."""
    key = _key(f"client {username}")
    return _pem(_builder(username, key).sign(_key(_AUTHORITY), None)), _key_pem(key)


def server_context(*, asks_client: bool) -> ssl.SSLContext:
    """For the venue's TLS sites. asks_client: only who has a certificate of the authority's comes in."""
    key = _key(_SERVER)
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost")])
    certificate = _pem(_builder(_SERVER, key).add_extension(names, critical=False).sign(_key(_AUTHORITY), None))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # the library reads chains from files only
        chain = Path(folder, "chain.pem")
        chain.write_text(certificate + _key_pem(key))
        context.load_cert_chain(chain)
    if asks_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority_pem())
    return context


def common_name(peer: dict[str, object] | None) -> str:
    """Whom a verified certificate is made out to. peer: as `SSLSocket.getpeercert` tells it."""
    subject = (peer or {}).get("subject", ())
    assert isinstance(subject, tuple)
    return next((value for part in subject for name, value in part if name == "commonName"), "")


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"hedgerow {name}".encode()).digest())


def _builder(subject: str, key: Ed25519PrivateKey) -> x509.CertificateBuilder:
    number = int.from_bytes(hashlib.sha256(subject.encode()).digest()[:16]) >> 1
    return x509.CertificateBuilder(
        _name(_AUTHORITY), _name(subject), key.public_key(), number, _FROM, _UNTIL
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
