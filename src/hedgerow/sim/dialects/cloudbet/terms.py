"""What can be set about the simulated Cloudbet: delays, limits, and who may bet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Terms:
    """Changeable while the world runs. Times are seconds of the world's clock."""

    pending_s: float = 0.0
    """For so long a bet is PENDING_ACCEPTANCE. Common at the venue; none here, so that demos answer at once."""
    account_share: Decimal = Decimal(1)
    """What of the feed's maximum this account may stake: less than all of it at the venue (issue #120)."""
    is_restricted: bool = False
    """Whether every bet is refused as RESTRICTED."""
    has_trading_access: bool = True
    """False: the firewall answers the trading routes with 403 and a page (issues #176, #180)."""
