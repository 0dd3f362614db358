"""The partner's side: the clients' API at a path of its own, for partners that name themselves.

Source: the venue's sheet, for no document of the B2B is public. Ours: the path, the header's name, and that a partner
who is not known is answered with 401.
"""

from __future__ import annotations

import hmac
from typing import Any

from aiohttp import web

from hedgerow.sim import cloudbet_ids
from hedgerow.sim.dialects.cloudbet.dialect import Cloudbet
from hedgerow.sim.dialects.cloudbet.terms import Terms
from hedgerow.sim.dialects.cloudbet.wire import Denial
from hedgerow.sim.site import Handler
from hedgerow.sim.world import World

_PARTNER = "throwaway-partner"


class CloudbetPartner(Cloudbet):
    """The venue as its one partner sees it."""

    prefix = "/b2b"

    def __init__(self, world: World, terms: Terms | None = None) -> None:
        super().__init__(world, terms, cloudbet_ids.PARTNER)

    def sites(self) -> dict[str, web.Application]:
        sites = super().sites()
        sites["rest"].middlewares.append(_known_partners)
        return sites

    def demo_credentials(self, account: str) -> dict[str, str]:
        return {**super().demo_credentials(account), "partner_id": _PARTNER}


@web.middleware
async def _known_partners(request: web.Request, handler: Handler) -> Any:
    """Raises Denial (401)."""
    if not hmac.compare_digest(request.headers.get("X-Partner-Id", "").encode(), _PARTNER.encode()):
        raise Denial(401, None, "unknown partner")
    return await handler(request)
