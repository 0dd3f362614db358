"""What can be bet on, and where."""

from __future__ import annotations

import zlib
from typing import Annotated

from fastapi import APIRouter, Query

from hedgerow.abp.context import CallerOf, Context
from hedgerow.abp.routes.answers import ERRORS, UNKNOWN
from hedgerow.abp.schemas import BookmakerResponse, MarketResponse
from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.storage.terms import BookmakerTerms
from hedgerow.venues.registry import all_venues

router = APIRouter(tags=["Bookmakers and markets"], route_class=ExactRoute, responses=ERRORS)


@router.get("/bookmakers", response_model=list[BookmakerResponse], responses=UNKNOWN)
async def list_bookmakers(caller: CallerOf, context: Context) -> JsonAnswer:
    """Every bookmaker that this version can bet at, with the operator's default limits."""
    terms = await context.terms.bookmakers()
    return JsonAnswer(
        [
            _bookmaker(slug, one.manifest.name, terms.get(slug) or BookmakerTerms(slug))
            for slug, one in all_venues().items()
            if one.family.bookmaker is not None
        ]
    )


@router.get("/markets", response_model=list[MarketResponse])
async def list_markets(
    caller: CallerOf,
    context: Context,
    sport_id: Annotated[int | None, Query(alias="sportId", ge=-(2**31), lt=2**31)] = None,
) -> JsonAnswer:
    """Every market of the odds feed, or of one sport, with its outcomes, by sport and id."""
    return JsonAnswer(context.feed.markets(sport_id))


def _bookmaker(slug: str, name: str, terms: BookmakerTerms) -> dict[str, object]:
    return {
        "bookmakerId": zlib.crc32(slug.encode()),  # of the slug alone, so that it stays when others come or go
        "bookmaker": slug,
        "bookmakerName": name,
        "active": terms.is_active,
        "maxStake": terms.default_limit,
        "minStake": terms.default_limit_min,
    }
