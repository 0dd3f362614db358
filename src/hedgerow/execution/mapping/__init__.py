"""Which contract of an exchange is which outcome of the feed, with the evidence for it.

Pure functions over plain facts; storing the answers and showing doubtful ones to an operator is others' work.
"""

from hedgerow.execution.mapping.evidence import Candidate, Evidence, Mapping, NameEvidence, NameRule, Verdict
from hedgerow.execution.mapping.facts import Decision, Facts, FixtureFacts, MarketFacts, Participant, PriceGap
from hedgerow.execution.mapping.matching import map_listings

__all__ = [
    "Candidate",
    "Decision",
    "Evidence",
    "Facts",
    "FixtureFacts",
    "Mapping",
    "MarketFacts",
    "NameEvidence",
    "NameRule",
    "Participant",
    "PriceGap",
    "Verdict",
    "map_listings",
]
