"""Runs the cases against one bridge, one after another, and says how each ended."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

from hedgerow import __version__
from hedgerow.bridging import wire
from hedgerow.bridging.conformance.bench import Bench
from hedgerow.bridging.conformance.cases import Case, NotRunError
from hedgerow.bridging.conformance.catalogue import all_cases
from hedgerow.bridging.conformance.client import Client, Keys
from hedgerow.bridging.conformance.hook import Hook, NoHook
from hedgerow.core.claims import DisprovedError
from hedgerow.core.clock import Clock, SystemClock, iso_of_ms
from hedgerow.core.errors import HedgerowError, InputError

CASE_S = 300.0
"""How long one case may take."""

_log = structlog.get_logger(__name__)


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one case. why: what was seen where it failed, what is missing where it was not run."""

    case: str
    claim: str
    result: Result
    why: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A bridge, and what the operator says of it. account: the first that the token may use, where none is named.
    selection: on which can be bet; the first of the bridge's own odds, where none is named. has_play_money: bets may be
    placed although the bridge does not say that it is simulated."""

    url: str
    keys: Keys
    account: str | None = None
    selection: wire.Selection | None = None
    has_play_money: bool = False
    hook: Hook = field(default_factory=NoHook)
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an operator can publish."""

    info: wire.Info
    checked_at: str
    verdicts: tuple[Verdict, ...]

    def numbers(self, result: Result) -> list[str]:
        return [verdict.case for verdict in self.verdicts if verdict.result is result]

    @property
    def has_failed(self) -> bool:
        return bool(self.numbers(Result.FAILED))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "protocol": wire.PROTOCOL,
            "bookmaker": self.info.bookmaker,
            "bridgeVersion": self.info.bridge_version,
            "basis": self.info.access.basis,
            "simulated": self.info.simulated,
            "checkedAt": self.checked_at,
            "checkedBy": f"hedgerow {__version__}",
            **{name: len(self.numbers(result)) for name, result in _COUNTED.items()},
            "cases": self.verdicts,
        }


_COUNTED = {"passed": Result.PASSED, "failed": Result.FAILED, "notRun": Result.NOT_RUN}


async def check(target: Target, numbers: Sequence[str] | None = None, clock: Clock | None = None) -> Report:
    """Runs the kit, or only the cases of these numbers. Raises InputError for a number that no case has, and for a
    bridge that cannot be asked at all."""
    if unknown := set(numbers or ()) - {case.number for case in all_cases()}:
        raise InputError(f"there is no case {', '.join(sorted(unknown))}; they are BR-01 to BR-24")
    clock = clock or SystemClock()
    async with Client(target.url, target.keys, clock, target.tls) as client:
        bench = await _bench(target, client, clock)
        verdicts = [
            await _sat(case, bench, has_play_money=target.has_play_money)
            for case in all_cases()
            if numbers is None or case.number in numbers
        ]
    ordered = tuple(sorted(verdicts, key=lambda verdict: verdict.case))
    return Report(bench.info, iso_of_ms(clock.now_ms()), ordered)


async def _bench(target: Target, client: Client, clock: Clock) -> Bench:
    try:
        info = (await client.call("GET", "/info")).read(wire.Info)
        accounts = (await client.call("GET", "/accounts")).read(wire.Accounts).accounts
        named = [account for account in accounts if target.account in (None, account.account)]
        if not named:
            raise InputError(f"the token may not use an account {target.account!r}" if accounts else "no account")
        selection = target.selection
        if selection is None and wire.Capability.ODDS in info.capabilities:
            odds = (await client.call("GET", "/odds?limit=1000")).read(wire.OddsPage)
            selection = next((item.selection for item in odds.items if item.active), None)
    except DisprovedError as error:
        raise InputError(f"the bridge cannot be checked: {error}") from None
    return Bench(client, clock, info, named[0], target.hook, selection)


async def _sat(case: Case, bench: Bench, *, has_play_money: bool) -> Verdict:
    """How one case ended; whatever it runs into, the others are run."""
    missing = [capability for capability in case.needs if not bench.has(capability)]
    if missing:
        return Verdict(case.number, case.claim, Result.NOT_RUN, f"the capability {missing[0]} is not declared")
    if case.places and not (bench.info.simulated or has_play_money):
        why = "it would place bets with real money: the bridge is not simulated, and nobody said --play-money"
        return Verdict(case.number, case.claim, Result.NOT_RUN, why)
    timeout = asyncio.timeout(CASE_S)
    try:
        async with timeout:
            note = await case.sit(bench)
    except NotRunError as error:
        return Verdict(case.number, case.claim, Result.NOT_RUN, str(error))
    except DisprovedError as error:
        return Verdict(case.number, case.claim, Result.FAILED, str(error))
    except TimeoutError:
        return Verdict(case.number, case.claim, Result.FAILED, f"it did not end within {CASE_S:.0f} s")
    except (HedgerowError, ValueError, OSError, ArithmeticError) as error:  # what no bridge should make of an answer
        _log.warning("case broke", case=case.number, exc_info=True)
        return Verdict(case.number, case.claim, Result.FAILED, f"{type(error).__name__}: {error}")
    return Verdict(case.number, case.claim, Result.PASSED, note or "")
