"""The odds feed OddsPapi v5, simulated: REST and WebSocket face of the world's odds. See dialect.py.

Source: the feed sheet; recorded frames and rows.
"""

from hedgerow.sim.dialects.oddspapi.access import DEMO_KEY, AccessKey
from hedgerow.sim.dialects.oddspapi.dialect import OddsPapi, build
from hedgerow.sim.dialects.oddspapi.faults import FeedFaults

__all__ = ["DEMO_KEY", "AccessKey", "FeedFaults", "OddsPapi", "build"]
