"""Outgoing connections: HTTP, WebSocket streams, request budgets. Knows no venue and no feed."""
