"""The routers that may use a bridge: one whose token is a setting, or several that stand in a file.

The file is TOML, mode 0600, with a `[[client]]` for each: `token`, `hmac_secret` where it has to sign, `accounts` where
it may use some of them alone.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Collection
from pathlib import Path

import msgspec

from hedgerow.bridging.bridge import Terms
from hedgerow.bridging.door import Client
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str
    hmac_secret: str | None = None
    accounts: list[str] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    client: list[_Row]


def one_client(terms: Terms, token: Secret, secret: Secret | None) -> list[Client]:
    """A router that may use every account."""
    return [Client(token, secret, frozenset(terms.accounts))]


def read_clients(path: Path, terms: Terms) -> list[Client]:
    """Those of a file. Raises SetupError, which quotes nothing of it."""
    try:
        mode, text = stat.S_IMODE(path.stat().st_mode), path.read_text(encoding="utf-8")
        rows = msgspec.convert(tomllib.loads(text), _File).client
    except OSError as error:
        raise SetupError(f"the clients' file {path}: {error.strerror}", "correct the path or its rights") from None
    except (ValueError, msgspec.MsgspecError):
        raise SetupError(
            f"the clients' file {path} cannot be read",
            "give each [[client]] a token, and hmac_secret and accounts if need be",
        ) from None
    if mode & 0o077:
        raise SetupError(f"the clients' file {path} is open to others (mode {mode:04o})", f"chmod 600 {path}")
    if not rows or len({row.token for row in rows}) < len(rows):
        raise SetupError(
            f"the clients' file {path} has no client, or two with one token", "give each a token of its own"
        )
    return [
        Client(Secret(row.token), Secret(row.hmac_secret) if row.hmac_secret else None, _known(row.accounts, terms))
        for row in rows
    ]


def _known(names: Collection[str] | None, terms: Terms) -> frozenset[str]:
    """Raises SetupError for an account that the bridge does not have."""
    if unknown := set(names or ()) - set(terms.accounts):
        raise SetupError(
            f"the bridge has no account {', '.join(sorted(unknown))}", f"it has {', '.join(terms.accounts)}"
        )
    return frozenset(terms.accounts if names is None else names)
