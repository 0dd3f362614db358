"""Where a venue is that has no address known to everybody: each of its accounts says it, unless the deployment does."""

from __future__ import annotations

from urllib.parse import urlsplit

from hedgerow.core.errors import SetupError
from hedgerow.venues.base import Account, Manifest


def address_of(manifest: Manifest, account: Account, url: str, member: str) -> tuple[str, bool]:
    """The venue's address for an account, and whether the deployment says so: its own setting for the venue goes before
    the account's, so that a simulated deployment never reaches a real venue. url: the deployment's, which is the
    manifest's where nobody set another; member: of the account's meta. Raises SetupError."""
    nowhere = manifest.urls["rest"]
    if url != nowhere:
        return url, True
    url = account.meta.get(member, "")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        example = nowhere.replace(".invalid", ".example.org")
        raise SetupError(
            f"account {account.username} at {manifest.slug} does not say where the venue is",
            f"give its address as the account's meta {member}, e.g. --meta {member}={example}",
        )
    return url, False
