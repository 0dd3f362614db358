"""The exchanges' cases. Importing this package enters them into the exam."""

from hedgerow.exam.exchanges import orders

__all__ = ["orders"]
