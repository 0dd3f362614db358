"""Clients of the APIs: `AsyncClient` and `Client`, one logic under both. Not for the services themselves.

Source: the published contracts; docs/clients.md shows it at work, docs/decisions/0220 and 0221 say why it is so.
"""

from __future__ import annotations

from hedgerow.client.call import Retries
from hedgerow.client.client import AsyncClient, Client
from hedgerow.client.service import Service
from hedgerow.client.sessions.relay import Target
from hedgerow.client.sessions.session import Gap, Message, Position
from hedgerow.client.streams import Reconnects
from hedgerow.core.hidden import Secret

__all__ = [
    "AsyncClient",
    "Client",
    "Gap",
    "Message",
    "Position",
    "Reconnects",
    "Retries",
    "Secret",
    "Service",
    "Target",
]
