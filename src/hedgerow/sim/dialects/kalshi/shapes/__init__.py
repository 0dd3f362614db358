"""Kalshi's JSON: every object that its REST answers and stream carry, from the world's.

Keys and number forms as in the documentation of August 2026 and in recorded answers; fields that it calls deprecated
are still there, because clients still read them.
"""
