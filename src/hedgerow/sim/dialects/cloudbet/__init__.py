"""Cloudbet's side of the wire: Feed v2, Account v1 and Trading v3 on one host, on the world's bookmaker.

Written from the venue's sheet, its protobuf files (`cloudbet/docs`: feed, trading, account, response), its wiki and its
issues (#59 pending bets, #111 market URLs, #120 limits, #121 rate headers, #179 disabled selections). What differs
from the real venue, or that nobody says, on purpose:

- Refusals of a bet are answered with 200 and the bet's object, as #120 shows it; a request that is malformed or a
  repeated one with 400 and the error object. A refusal is remembered by its reference as a bet is.
- A bet has no other id than its reference; `customerReference` is what the bet was sent with, of a client's nothing.
- A void bet is PUSH. Its event is CANCELLED where every result of it is void, else RESULTED.
- The account has one currency, the world's dollars; limits of the feed are euros at the world's rate.
- Competitions, fixtures without markets, outrights and Trading v4 are not there.
"""

from hedgerow.sim.dialects.cloudbet.dialect import Cloudbet
from hedgerow.sim.dialects.cloudbet.terms import Terms
from hedgerow.sim.world import World

__all__ = ["Cloudbet", "Terms", "build"]


def build(world: World) -> Cloudbet:
    """The dialect with its default terms; its bookmaker and accounts are added to the world."""
    return Cloudbet(world)
