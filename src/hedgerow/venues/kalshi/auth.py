"""Signing requests to Kalshi.

Three headers on every private call: key id, time in Unix milliseconds, and the base64 signature of
`time + METHOD + path`, where the path has the `/trade-api/...` prefix and no query; the body is not signed. RSA keys
sign RSA-PSS (SHA-256, MGF1-SHA-256, salt of 32 bytes), Ed25519 keys sign the same text plainly.
Source: docs.kalshi.com getting_started/api_keys; the official client's auth module.

An RSA signature takes hundreds of microseconds. Because the body is not in it, signatures for placing can be made
ahead of the order: `ReadySignatures`.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hedgerow.core.clock import Clock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop

KEY_HEADER, SIGNATURE_HEADER, TIME_HEADER = "KALSHI-ACCESS-KEY", "KALSHI-ACCESS-SIGNATURE", "KALSHI-ACCESS-TIMESTAMP"

_PADDING = PSS(mgf=MGF1(hashes.SHA256()), salt_length=32)

SignedHeaders = tuple[tuple[str, str], ...]

# How far a signature's time may lie from now when it is sent. The venue's own page gives no number; independent
# measurements of 2026 found ±10 s accepted and ±60 s refused with header_timestamp_expired, and its FIX gateway
# allows 30 s. Four seconds leave more than half of what was measured to the difference between our clock and the
# venue's.
TOLERANCE_MS = 4_000

# A prepared signature is replaced so long before it becomes stale, so that there is always a fresh one.
_REFRESH_MS = TOLERANCE_MS // 2


def signed_text(timestamp_ms: int, method: str, url_or_path: str) -> bytes:
    """What is signed: the time, the method in upper case, and the path without host and query."""
    return f"{timestamp_ms}{method.upper()}{urlsplit(url_or_path).path}".encode()


class Signer:
    """An API key: its id and private key. Prints nothing of the key."""

    def __init__(self, key_id: Secret, private_key_pem: Secret) -> None:
        """private_key_pem: RSA (PKCS#1 or PKCS#8) or Ed25519 (PKCS#8). Raises SetupError for anything else."""
        self._key_id = key_id.reveal()
        self._key = _load(private_key_pem)

    @property
    def is_slow(self) -> bool:
        """Whether a signature costs enough to be made ahead: RSA does, Ed25519 (tens of microseconds) does not."""
        return isinstance(self._key, RSAPrivateKey)

    def signature(self, timestamp_ms: int, method: str, url_or_path: str) -> str:
        """The signature in base64."""
        text = signed_text(timestamp_ms, method, url_or_path)
        if isinstance(self._key, Ed25519PrivateKey):
            return b64encode(self._key.sign(text)).decode()
        return b64encode(self._key.sign(text, _PADDING, hashes.SHA256())).decode()

    def headers(self, timestamp_ms: int, method: str, url_or_path: str) -> SignedHeaders:
        """The three headers of a request, signed for that time."""
        signature = self.signature(timestamp_ms, method, url_or_path)
        return (KEY_HEADER, self._key_id), (SIGNATURE_HEADER, signature), (TIME_HEADER, str(timestamp_ms))


def _load(private_key_pem: Secret) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(private_key_pem.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise SetupError(
            "the Kalshi private key is not an RSA or Ed25519 key in PEM form",
            "store the whole file that Kalshi gave out with the key, BEGIN and END lines included",
        )
    return key


class ReadySignatures:
    """Signatures of one method and path, made ahead for times around now; each is used once.

    They are refilled one by one in a thread of its own (the signing runs outside the interpreter's lock), so the loop
    is not held up. Bounded by `capacity`. Not for requests whose path is known only when they are sent.
    """

    def __init__(self, signer: Signer, clock: Clock, method: str, path: str, capacity: int) -> None:
        """capacity: signatures kept, >= 1: as many requests as may leave in one burst."""
        self._signer, self._clock, self._method, self._path = signer, clock, method, path
        self._capacity = capacity
        self._ready: deque[tuple[int, SignedHeaders]] = deque()  # with the time that is signed
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()

    def headers(self) -> SignedHeaders:
        """The headers for a request that leaves now: prepared where one is fresh, else signed in place."""
        now_ms, ready = self._clock.now_ms(), self._ready
        while ready:
            timestamp_ms, headers = ready[0]
            if timestamp_ms > now_ms + TOLERANCE_MS:
                break
            ready.popleft()
            if timestamp_ms >= now_ms - TOLERANCE_MS:
                return headers
        return self._signer.headers(now_ms, self._method, self._path)

    def refill(self) -> None:
        """Has those replaced that were taken. Called when the request has left, since it wakes who makes them."""
        self._wanted.set()

    def __len__(self) -> int:
        return len(self._ready)

    def start(self) -> None:
        """Begins to keep signatures ready; for keys whose signatures are not slow it does nothing."""
        if self._signer.is_slow:
            self._task = spawn(self._refill(), f"signatures {self._path}")

    async def stop(self) -> None:
        await stop(self._task)
        self._task = None
        self._ready.clear()

    async def _refill(self) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="signatures") as executor:
            while True:
                timestamp_ms = self._next_timestamp_ms()
                if timestamp_ms is None:
                    await self._until_one_is_missing()
                    continue
                headers = await loop.run_in_executor(
                    executor, self._signer.headers, timestamp_ms, self._method, self._path
                )
                self._ready.append((timestamp_ms, headers))

    def _next_timestamp_ms(self) -> int | None:
        """The time of the next signature to make: as late as it may be used now, and after the last one, so that no
        two requests carry the same signed text; None when there are enough."""
        now_ms = self._clock.now_ms()
        self._drop_before(now_ms - TOLERANCE_MS + _REFRESH_MS)
        if len(self._ready) >= self._capacity:
            return None
        latest_ms = now_ms + TOLERANCE_MS - self._capacity + len(self._ready)
        return max(self._ready[-1][0] + 1, latest_ms) if self._ready else latest_ms

    def _drop_before(self, timestamp_ms: int) -> None:
        while self._ready and self._ready[0][0] < timestamp_ms:
            self._ready.popleft()

    async def _until_one_is_missing(self) -> None:
        """Waits until one was taken or is about to become stale.

        The pause is the loop's time, not the clock's: a world that runs fast must not make this machine sign fast. A
        signature that became stale meanwhile is signed in place instead.
        """
        self._wanted.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_REFRESH_MS / 1000):
                await self._wanted.wait()
