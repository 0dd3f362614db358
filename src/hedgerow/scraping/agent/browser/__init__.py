"""The agent's browser: Chromium, driven over its own protocol, each session in a context of its own."""
