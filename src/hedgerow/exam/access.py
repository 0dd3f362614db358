"""Wrong keys, for both kinds of venues: whatever is changed in them, the venue's refusal has to be told apart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from hedgerow.core.errors import Reason, Refused, SetupError
from hedgerow.core.secrets import Secret
from hedgerow.exam.bench import Bench, spoiled
from hedgerow.exam.cases import DisprovedError, expect, expect_same
from hedgerow.venues.base import VenueContext

SignIn = Callable[[VenueContext], Awaitable[None]]
"""Builds a connector, opens it and asks something that only the account may ask."""


async def expect_wrong_keys_refused(bench: Bench, sign_in: SignIn) -> None:
    """Each key that is needed or secret, changed by one character, is refused as AUTH, and one at least by the venue:
    a key that cannot even be read stops the connector from being built."""
    named = {key.name for key in bench.manifest.credentials if key.secret or key.required}
    refusals = 0
    for name in sorted(named & bench.context.account.credentials.keys()):
        refusals += await _is_refused(bench, sign_in, name)
    expect(refusals, "no wrong key was ever refused by the venue")


async def _is_refused(bench: Bench, sign_in: SignIn, name: str) -> bool:
    """Whether the venue refuses the account with this key changed; False when the connector cannot even be built."""
    account = bench.context.account
    wrong = {**account.credentials, name: Secret(spoiled(account.credentials[name].reveal()))}
    try:
        await sign_in(replace(bench.context, account=replace(account, credentials=wrong)))
    except SetupError:
        return False
    except Refused as error:
        expect_same(f"the reason with a wrong {name}", error.reason, Reason.AUTH)
        return True
    raise DisprovedError(f"a wrong {name} was taken")
