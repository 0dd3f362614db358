"""The name of a TCP connection between two processes of one machine, which both of them can tell."""

from __future__ import annotations

from typing import Any


def socket_pair(client: Any, server: Any) -> str:
    """By the addresses of its two ends, as `getsockname` and `getpeername` tell them; None is a socket that is gone.

    The client's port alone does not name it: the kernel gives the same one to connections to several servers.
    """
    return f"{client[1] if client else 0}-{server[1] if server else 0}"
