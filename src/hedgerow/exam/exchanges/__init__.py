"""The exchanges' cases. Importing this package enters them into the exam."""

from hedgerow.exam.exchanges import ends, faults, finding, money, orders, streams

__all__ = ["ends", "faults", "finding", "money", "orders", "streams"]
