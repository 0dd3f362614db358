"""What becomes of work that an agent did not finish: whether another agent may try, and what the client is told."""

from __future__ import annotations

from hedgerow.api.auth import Refusal
from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.explain import Attempt
from hedgerow.scraping.gateway.selection import NODE_PREFIX, Decision, Wanted
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import StreamCut

NOT_BEGUN = frozenset({CutCode.BUSY, CutCode.UNSUPPORTED})
"""Nothing was done: the work may go to another agent, whatever it is."""
AGENT_GONE = frozenset({CutCode.LOST, CutCode.CANCELLED, CutCode.FAILED})
OF_THE_TARGET = frozenset({CutCode.UNREACHABLE, CutCode.BROKEN, CutCode.TIMED_OUT})

_STATUS = {CutCode.REFUSED: 403, CutCode.TIMED_OUT: 504, CutCode.INVALID: 400}
_WHAT = {
    "busy": "is too busy for the request",
    "unsupported": "cannot do what is asked for",
    "failed": "failed while it worked on the request",
}
_MISSING, _INVALID = "Missing API key", "Invalid or missing API key"


def failure(cut: StreamCut) -> ApiError:
    """As the client is told. An agent that failed has said why by itself."""
    if cut.code in (CutCode.LOST, CutCode.CANCELLED):
        return ApiError(502, "The agent was lost while it worked on the request")
    return ApiError(_STATUS.get(cut.code, 502), cut.detail or cut.code.name.lower())


def no_agent(host: str, wanted: Wanted, decision: Decision, tried: Attempt | None = None) -> ApiError:
    """Why nobody can be chosen, in one sentence. tried: the attempt after which another agent was looked for."""
    if tried is not None:
        what = _WHAT.get(tried.outcome, "was lost while it worked on the request")
        return ApiError(502, f"The agent {NODE_PREFIX}{tried.slug} {what}, and no other can take it")
    if any(wanted.refuse(standing.candidate) is None for standing in decision.standings):
        return ApiError(502, f"No healthy agent available for {host}: all are excluded or busy")
    asked = ", ".join(sorted(wanted.slugs | wanted.countries))
    return ApiError(502, f"No agent available for {asked}" if asked else "No agent available")


def refusal(why: Refusal) -> ApiError:
    """401 without a key, 403 for one that does not work."""
    return ApiError(401, _MISSING) if why is Refusal.MISSING else ApiError(403, _INVALID)
