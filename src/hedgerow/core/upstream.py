"""Proxies that connections go through: as their URLs name them, and the CONNECT by which one lets a connection pass.

Pure; the sockets are those of agents (`scraping.agent.dial`) and of connectors to venues (`net.egress`).
Sources: RFC 9110 section 9.3.6 (CONNECT), RFC 7617 (Basic).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hedgerow.core.secrets import MASK, Secret

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_MOST_WORD_BYTES = 255
_MOST_ANSWER = 16 * 1024
_MOST_REASON = 200
_END = b"\r\n\r\n"
_BEGIN = b"HTTP/1."
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?: ([^\r\n]*))?(?:\r\n|\Z)")
_UNTELLABLE = re.compile(r"[^\x20-\x7e]+")


class ProxyError(ConnectionError):
    """A proxy let no connection through. The text names it and its reason, and nothing that it is not to be told."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy that a connection goes through. user: a front's is an API key, so it is as secret as the password."""

    scheme: str
    host: str
    port: int
    user: Secret | None
    password: Secret | None

    @classmethod
    def of(cls, url: str, schemes: Sequence[str] = ("http", "socks5", "socks5h")) -> Upstream:
        """Raises ValueError for what is not a URL of one of the schemes with a host."""
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"a proxy is {schemes[0]}://[user:password@]host:port or {schemes[1]}://...")
        user = Secret(unquote(parts.username)) if parts.username is not None else None
        password = Secret(unquote(parts.password)) if parts.password is not None else None
        if any(word is not None and len(word.reveal().encode()) > _MOST_WORD_BYTES for word in (user, password)):
            raise ValueError(f"a proxy's user and password have at most {_MOST_WORD_BYTES} bytes")
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], user, password)

    @property
    def address(self) -> str:
        """`host:port`, as it may be told."""
        return _authority(self.host, self.port)


class Connect:
    """One CONNECT to a proxy that speaks HTTP: what is sent, and the answer as it comes."""

    def __init__(self, proxy: Upstream, host: str, port: int) -> None:
        self._proxy, self._heard = proxy, bytearray()
        target = _authority(host, port)
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        self._hidden = [word.reveal() for word in (proxy.user, proxy.password) if word]
        if proxy.user is not None:
            given = f"{proxy.user.reveal()}:{proxy.password.reveal() if proxy.password else ''}"
            basic = b64encode(given.encode()).decode()
            self._hidden.append(basic)
            lines.append(f"Proxy-Authorization: Basic {basic}")
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def feed(self, data: bytes) -> bytes | None:
        """data: the next bytes of the answer; none at the end of the connection. None while the answer is not whole,
        then the bytes that followed it, which are the target's. Raises ProxyError for any answer but a 2xx."""
        if not data:
            raise ProxyError(f"the proxy {self._proxy.address} closed the connection without an answer")
        searched = max(0, len(self._heard) - len(_END))
        self._heard += data
        if not self._heard.startswith(_BEGIN[: len(self._heard)]):
            raise self._no_http()
        end = self._heard.find(_END, searched)
        if (len(self._heard) - len(_END) if end < 0 else end) > _MOST_ANSWER:
            raise ProxyError(f"the proxy {self._proxy.address} answered more than {_MOST_ANSWER} bytes to CONNECT")
        if end < 0:
            return None
        self._check(bytes(self._heard[:end]))
        return bytes(self._heard[end + len(_END) :])

    def _check(self, head: bytes) -> None:
        match = _STATUS.match(head)
        if match is None:
            raise self._no_http()
        if not match[1].startswith(b"2"):
            told = f"{match[1].decode()} {self._tellable(match[2] or b'')}".strip()
            raise ProxyError(f"the proxy {self._proxy.address} answered {told}")

    def _tellable(self, reason: bytes) -> str:
        """Without what we said ourselves: a proxy may repeat it."""
        text = reason.decode("latin-1")
        for hidden in sorted(self._hidden, key=len, reverse=True):  # the shorter may be a part of the longer
            text = text.replace(hidden, MASK)
        return _UNTELLABLE.sub(" ", text)[:_MOST_REASON]

    def _no_http(self) -> ProxyError:
        return ProxyError(f"the proxy {self._proxy.address} does not speak HTTP")


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
