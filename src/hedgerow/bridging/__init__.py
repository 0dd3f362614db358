"""The other side of the bridge protocol: what a bridge is written with, the desk, and the check that proves one.

A bridge connects one bookmaker without a public betting API; its operator has lawful access and says on what ground.
It runs alone: no database, no bus, no other service of ours.
"""
