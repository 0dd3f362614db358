"""The conformance kit: does a bridge keep the protocol's promises? A black box is asked, over HTTP, and nothing else.

Cases BR-01 to BR-24 of the protocol's rules. It places bets, so that it does only where the bridge says that it is
simulated, or its operator that the money is play money.
"""

from hedgerow.bridging.conformance.hook import CommandHook, Hook
from hedgerow.bridging.conformance.runner import Report, Target, check

__all__ = ["CommandHook", "Hook", "Report", "Target", "check"]
