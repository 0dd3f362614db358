"""The accounts where bets are placed, as the database has them, each with its connection to the bookmaker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import structlog

from hedgerow.abp.balances import Observation, book_balance, last_entry
from hedgerow.abp.hedges import Read, undecided_since
from hedgerow.abp.readings import Readings
from hedgerow.core.clock import Clock
from hedgerow.core.config import VenueUrls
from hedgerow.core.errors import SetupError, VenueError
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.core.money import Rates, UnknownCurrencyError
from hedgerow.core.observe import BALANCE_DRIFTS
from hedgerow.core.secrets import Vault
from hedgerow.core.tasks import spawn
from hedgerow.execution.amounts import Currency
from hedgerow.execution.placement import Placement, close_when_answered
from hedgerow.execution.reconcile import Decided, Reconciler
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.storage.bets import Bet
from hedgerow.storage.database import Database
from hedgerow.storage.terms import BookmakerTerms, Terms
from hedgerow.venues.base import Account, Bookmaker, Descriptions, VenueContext
from hedgerow.venues.registry import UnknownVenueError, Ways, build_bookmaker, urls_of, venue

_log = structlog.get_logger(__name__)

BALANCE_AFTER_S = 1.0
"""How long after a bet's answer the balance is read: what is answered meanwhile is read with it."""
_REMEMBERED_ANSWERS = 20
_CLOSE_S = 5.0


@dataclass(slots=True, eq=False)
class Desk:
    """One account. `row` is renewed when the database changes; its bets are followed whatever it says."""

    row: VenueAccount
    bookmaker: Bookmaker
    reconciler: Reconciler
    ask_balance: Callable[[], None]
    """Has the balance read soon: a bet has changed it."""
    is_open: bool = False
    sending: set[asyncio.Task[None]] = field(default_factory=set)
    """Who waits for a bookmaker's answer to a bet; the connector that it was sent by is not closed before."""
    read: Read | None = None
    """When its balance was last brought into the ledger by this process; None: not yet."""
    failures: deque[bool] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_ANSWERS))

    def answered(self, *, is_failure: bool) -> None:
        """A bet was answered, or its answer is missing."""
        self.failures.append(is_failure)
        self.ask_balance()

    @property
    def failure_rate(self) -> Decimal:
        """The share of its last bets that got no answer or never left."""
        return Decimal(sum(self.failures)) / len(self.failures) if self.failures else Decimal(0)


class Desks:
    """All desks of this process, and the terms that an operator set."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        terms: Terms,
        vault: Vault,
        venue_urls: VenueUrls,
        ways: Ways,
        clock: Clock,
        placement: Placement,
        fixture_ref: Callable[[VenueSlug, FixtureId], str | None],
        describe: Descriptions,
    ) -> None:
        """fixture_ref: a bookmaker's own id of a fixture, describe: an outcome in words, as far as the feed has told
        them."""
        self._fixture_ref, self._describe = fixture_ref, describe
        self._database, self._accounts, self._terms, self._vault = database, accounts, terms, vault
        self._urls, self._ways, self._clock, self._placement = venue_urls, ways, clock, placement
        self._desks: dict[int, Desk] = {}
        self._active_of: dict[str, list[Desk]] = {}
        self._warned: dict[int, bytes] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._operator_rates: Mapping[str, Decimal] = {}
        self._decided: Decided = _ignore
        self._look_closer: Callable[[Desk], Awaitable[None]] = _ignore
        self._balances = Readings("balance", self._read_account, clock)
        self.bookmakers: Mapping[str, BookmakerTerms] = {}

    def on_decided(self, listener: Decided) -> None:
        """The listener is called for each bet that was in doubt, or delayed, and is decided. Set before `load`."""
        self._decided = listener

    def on_drift(self, listener: Callable[[Desk], Awaitable[None]]) -> None:
        """The listener is called when a balance is not what the ledger explains, and has it explained if it can, before
        the balance is asked for once more."""
        self._look_closer = listener

    def get(self, account_id: int) -> Desk | None:
        return self._desks.get(account_id)

    def of(self, client: str) -> Sequence[Desk]:
        """The client's active accounts, the highest priority first."""
        if not self._active_of:
            self._active_of = _by_client(self._active())
        return self._active_of.get(client, ())

    def all(self) -> Iterable[Desk]:
        return tuple(self._desks.values())

    def terms_of(self, bookmaker: str) -> BookmakerTerms:
        return self.bookmakers.get(bookmaker) or BookmakerTerms(bookmaker)

    def currency(self, code: str, rates: Rates) -> Currency | None:
        """The currency at the operator's rate, else the feed's; None where nobody has told one."""
        if code in self._operator_rates:
            return Currency(code, self._operator_rates[code])
        try:
            return Currency(code, rates.from_usd(Decimal(1), code))
        except UnknownCurrencyError:
            return None

    async def load(self) -> list[Desk]:
        """Reads accounts and terms; answers the desks that are to be connected: new ones, and those whose credentials
        have changed. Raises StorageError."""
        self.bookmakers = await self._terms.bookmakers()
        told = await self._terms.currencies()
        self._operator_rates = {rate.currency: rate.per_usd for rate in told if rate.source == "operator"}
        rows = {row.account_id: row for row in await self._accounts.accounts()}
        owing = await self._owing(row for row in rows.values() if row.account_id not in self._desks)
        changed = []
        self._active_of = {}  # put together anew when somebody asks
        for account_id, row in rows.items():
            desk = self._desks.get(account_id)
            if desk is not None and self._renew(desk, row):
                changed.append(desk)
            elif desk is None and (row.is_active or account_id in owing) and self._add(row):
                changed.append(self._desks[account_id])
        for account_id in self._desks.keys() - rows.keys():
            desk = self._desks.pop(account_id)
            self._retire(desk, desk.bookmaker)
        return changed

    async def _owing(self, rows: Iterable[VenueAccount]) -> frozenset[int]:
        """Accounts that are not used any more, but whose bookmaker still has to say what became of bets."""
        idle = [row.account_id for row in rows if not row.is_active]
        found = await self._database.fetch(
            """select distinct account_id from bets where account_id = any($1) and origin = 'abp' and not is_test
               and (status in ('PENDING', 'PLACED') or (status = 'CONFIRMED' and settlement = 'UNSETTLED'))""",
            idle,
        )
        return frozenset(row[0] for row in found)

    def _renew(self, desk: Desk, row: VenueAccount) -> bool:
        """Takes over what the database says of an account; True when its bookmaker is reached in another way now.

        Bets that are under way are answered by the connector that sent them. Those in doubt are asked for by the new
        one, for the account is the same.
        """
        before, desk.row = desk.row, row
        if (before.sealed, before.meta, before.currency) == (row.sealed, row.meta, row.currency):
            return False
        old = self._account(before)
        new = self._account(row)
        if new is None or new == old or (bookmaker := self._connector(row, new)) is None:
            return False
        _log.info("account is connected anew", venue=row.venue, account=row.username)
        self._retire(desk, desk.bookmaker)
        desk.bookmaker, desk.is_open = bookmaker, False
        desk.reconciler.use(bookmaker)
        return True

    def _retire(self, desk: Desk, bookmaker: Bookmaker) -> None:
        """Closes a connector when the bets that are under way on it are answered."""
        closing = close_when_answered(bookmaker, tuple(desk.sending))
        task = spawn(closing, f"retire {desk.row.venue} {desk.row.account_id}")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _account(self, row: VenueAccount) -> Account | None:
        """None where the credentials do not open."""
        try:
            credentials = open_credentials(row, self._vault)
        except SetupError as error:
            self._warn(row, str(error))
            return None
        return Account(row.account_id, row.username, row.currency, credentials, row.meta)

    def _connector(self, row: VenueAccount, account: Account) -> Bookmaker | None:
        try:
            urls = urls_of(venue(row.venue).manifest, self._urls)
            known_as = partial(self._fixture_ref, VenueSlug(row.venue))
            way = self._ways.to(row.venue)
            context = VenueContext(
                account, self._clock, urls, fixture_ref=known_as, describe=self._describe, egress=way
            )
            return build_bookmaker(row.venue, context)
        except (UnknownVenueError, LookupError, SetupError) as error:
            self._warn(row, str(error))
            return None

    def _warn(self, row: VenueAccount, why: str) -> None:
        """Once for what is stored of the account."""
        if self._warned.get(row.account_id) != row.sealed:
            self._warned[row.account_id] = row.sealed
            _log.warning("account takes no bets", venue=row.venue, account=row.username, why=why)

    def _add(self, row: VenueAccount) -> bool:
        account = self._account(row)
        bookmaker = self._connector(row, account) if account is not None else None
        if bookmaker is None:
            return False
        account_id = row.account_id
        reconciler = Reconciler(bookmaker, self._placement, self._clock, _covers_nothing, self._told)
        self._desks[account_id] = Desk(
            row, bookmaker, reconciler, lambda: self._balances.ask(account_id, after_s=BALANCE_AFTER_S)
        )
        return True

    async def _told(self, bet: Bet) -> None:
        if (desk := self._desks.get(bet.account_id)) is not None:
            desk.ask_balance()
        await self._decided(bet)

    # --- balances --------------------------------------------------------------------------------------------------

    def ask_balances(self, desks: Iterable[Desk] | None = None) -> None:
        """Has the balances of desks, or of all active accounts, read now, none waiting for another."""
        for desk in self._active() if desks is None else desks:
            self._balances.ask(desk.row.account_id)

    def _active(self) -> Iterable[Desk]:
        return (desk for desk in self.all() if desk.row.is_active)

    async def read_balances(self) -> None:
        """Reads those of all active accounts, and returns when it is done."""
        self.ask_balances()
        await self._balances.done()

    async def _read_account(self, account_id: int) -> None:
        desk = self._desks.get(account_id)
        if desk is not None:
            await self.read_balance(desk)

    async def read_balance(self, desk: Desk) -> None:
        """Asks the bookmaker what can be bet, and books it; opens the connection before the first time. What no bet
        explains is looked at twice before it is an alarm. Raises StorageError."""
        observed = await self._look(desk, is_last=False)
        if observed is not None and observed.drift:
            await self._look_closer(desk)
            observed = await self._look(desk, is_last=True)
        if observed is not None and observed.drift:
            BALANCE_DRIFTS.labels(desk.row.venue).inc()
            _log.error(
                "balance differs from the ledger",
                bookmaker=desk.row.venue,
                account=desk.row.username,
                drift=str(observed.drift),
                free=str(observed.free),
            )

    async def _look(self, desk: Desk, *, is_last: bool) -> Observation | None:
        """None where the bookmaker does not say."""
        row, bookmaker = desk.row, desk.bookmaker
        asked_at, since = self._clock.now(), await last_entry(self._database, row.account_id)
        hedges_since = await undecided_since(self._database, row.account_id, asked_at)
        try:
            if not desk.is_open:
                await bookmaker.open()
                desk.is_open = desk.bookmaker is bookmaker  # it may be reached in another way meanwhile
            told = await bookmaker.balance()
        except VenueError as error:
            _log.warning("balance not read", bookmaker=row.venue, account=row.username, error=str(error))
            return None
        async with self._database.transaction() as connection:
            observed = await book_balance(
                connection,
                row.account_id,
                row.currency,
                told.free,
                asked_at,
                self._clock.now(),
                since=since,
                read=desk.read,
                has_statement=bookmaker.manifest.has_statement,
                is_last_look=is_last,
            )
        if is_last or not observed.drift:
            desk.read = Read(hedges_since, observed.left)
        await self._accounts.set_balance(row.account_id, told.free, told.held)
        return observed

    async def close(self) -> None:
        await self._balances.stop()
        if self._retiring:
            await asyncio.wait(self._retiring, timeout=_CLOSE_S)
        for desk in self.all():
            await desk.bookmaker.close()


def _by_client(desks: Iterable[Desk]) -> dict[str, list[Desk]]:
    """The highest priority first."""
    found: dict[str, list[Desk]] = {}
    for desk in sorted(desks, key=lambda desk: (-desk.row.priority, desk.row.account_id)):
        found.setdefault(desk.row.client, []).append(desk)
    return found


def _covers_nothing(_: Bet) -> Decimal:
    """Bets of clients hedge nothing."""
    return Decimal(0)


async def _ignore(_: object) -> None:
    """Until somebody listens."""
