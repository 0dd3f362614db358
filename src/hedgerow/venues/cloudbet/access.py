"""What the venue is reached with: as one of its clients, or as a partner of its trading B2B.

Nothing of the B2B is public but its purpose and its margins: its requests are taken to be the clients', at an address
that a partner is told, with the partner's name in a header and the bettor's in a bet. What the partner's desk says goes
before that: address and header are the account's settings. Source: the venue's sheet; `cloudbet/docs`, discussion #170.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hedgerow.core.errors import SetupError
from hedgerow.net.http import Headers
from hedgerow.venues.addresses import address_of
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.cloudbet.margin import Margin, margin_of

_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_VALUE = re.compile(r"[!-~]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Access:
    """headers: beside the key; customer: who bets, in the partner's words."""

    url: str
    headers: Headers = ()
    customer: str | None = None
    margin: Margin | None = None


def client_access(context: VenueContext) -> Access:
    return Access(context.urls["rest"])


def partner_access(manifest: Manifest, context: VenueContext) -> Access:
    """Of an account's meta: `base_url`, with the path that the API is under; `partner_header`, by default X-Partner-Id;
    `source_id`, `margin_bps` and `margin_mode`. Raises SetupError."""
    account = context.account
    url, _ = address_of(manifest, account, context.urls["rest"], "base_url")
    header = account.meta.get("partner_header", "X-Partner-Id")
    if _HEADER.fullmatch(header) is None:
        raise SetupError(f"partner_header of account {account.username} is {header!r}", "give the name of a header")
    partner = account.credentials["partner_id"].reveal()
    if _VALUE.fullmatch(partner) is None:
        raise SetupError(f"partner_id of account {account.username} fits no header", "give it without spaces")
    return Access(url, ((header, partner),), account.pseudonym, margin_of(account))
