"""The agent: runs alone on any machine, listens to nobody, and does what gateways ask within its own rules."""
