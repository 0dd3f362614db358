"""How long a test waits for what must come.

Machines are shared and stand still for seconds at times; only a test that fails waits this long.
"""

from __future__ import annotations

PATIENCE_S = 60.0
