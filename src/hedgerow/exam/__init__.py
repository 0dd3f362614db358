"""The conformance exam: every venue's connector against its simulator, case by case.

`run_exam` is what the command line calls. How the exam judges: `cases`; where it is sat: `bench`; the decision behind
it: docs/decisions/0070-conformance-exam.md.
"""

from hedgerow.exam.bench import simulated_urls
from hedgerow.exam.runner import Candidate, Sheet, VenueReport, run_exam, sit

__all__ = ["Candidate", "Sheet", "VenueReport", "run_exam", "simulated_urls", "sit"]
