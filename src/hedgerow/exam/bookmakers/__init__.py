"""The bookmakers' cases. Importing this package enters them into the exam."""

from hedgerow.exam.bookmakers import faults, finding, money, placing

__all__ = ["faults", "finding", "money", "placing"]
