"""Proxies that a caller wants its traffic to go through, as their URLs name them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hedgerow.core.secrets import Secret


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy that a connection goes through."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: Secret | None

    @classmethod
    def of(cls, url: str) -> Upstream:
        """Raises ValueError for what is not an `http://` or `socks5://` URL with a host."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "socks5", "socks5h") or not parts.hostname:
            raise ValueError("a proxy is http://[user:password@]host:port or socks5://...")
        default = 80 if parts.scheme == "http" else 1080
        user = unquote(parts.username) if parts.username is not None else None
        password = Secret(unquote(parts.password)) if parts.password is not None else None
        if user is not None and (len(user.encode()) > 255 or (password and len(password.reveal().encode()) > 255)):
            raise ValueError("a proxy's user and password have at most 255 bytes")
        return cls(parts.scheme, parts.hostname, parts.port or default, user, password)
