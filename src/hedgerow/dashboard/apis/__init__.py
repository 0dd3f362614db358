"""Thin clients of our own APIs: what the pages need of each, as values. Not the public client library."""
