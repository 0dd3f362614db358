"""SX Bet's side of the wire: REST of its V3 order book and its Centrifugo stream, on the world's engines.

Written from the venue's sheet and the public pages that it names. What differs from the real venue, on purpose:

- Answers never wait: an order that its betting delay, or the script, holds back is answered with the outcome TIMEOUT.
- One market for the two-way winner of every fixture, without lines; one token; no parlays, credits or transfers.
- What two bets on both outcomes of a market have in common is paid back when it is matched (the venue reckons over
  groups of markets); there is no fee.
- Settlement pays at once; a half result, which no winner market has, would be told as a void.
"""

from hedgerow.sim.dialects.sx_bet.venue import Settings, SxBet, build

__all__ = ["Settings", "SxBet", "build"]
