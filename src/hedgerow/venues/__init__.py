"""Connectors, one folder per family of venues that speak one protocol. They need no database and no bus:
credentials, clock and addresses are handed in."""
