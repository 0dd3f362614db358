"""Automated bet placing: the client's orders, routed to bookmakers, followed to their end."""
