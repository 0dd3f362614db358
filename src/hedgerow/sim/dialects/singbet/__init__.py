"""The broker that carries Singbet: AsianOdds' Web API over the world's bookmaker `singbet`, its book `SIN`.

Written from the venue's sheet, the public document of the API (version 1.8 and its wiki) and what public clients read.
What differs from the real broker, on purpose:

- Each line is a game of its own (`sim/singbet_ids.py`); there is one book, and odds are decimal only.
- `GetFeeds`, `GetMatches` and the other lists of the offer are not there: the odds come from the world's feed.
- A match is early until a day before its start, then today's, and live when the world says so.
- Days of the statement are those of UTC, by the time of placing.
- A ticket's amounts tell a half result; its words do not.
"""

from hedgerow.sim.dialects.singbet.desk import Terms
from hedgerow.sim.dialects.singbet.dialect import Singbet
from hedgerow.sim.world import World

__all__ = ["Singbet", "Terms", "build"]


def build(world: World) -> Singbet:
    """The dialect with its default terms; its bookmaker and accounts are added to the world."""
    return Singbet(world)
