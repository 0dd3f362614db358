"""The accounts where bets are placed, as the database has them, each with its connection to the bookmaker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from hedgerow.abp.amounts import Currency
from hedgerow.abp.ledger import book_balance
from hedgerow.core.clock import Clock
from hedgerow.core.config import VenueUrls
from hedgerow.core.errors import SetupError, VenueError
from hedgerow.core.money import Rates, UnknownCurrencyError
from hedgerow.core.secrets import Vault
from hedgerow.core.tasks import spawn
from hedgerow.execution.placement import Placement, close_when_answered
from hedgerow.execution.reconcile import Decided, Reconciler
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.storage.bets import Bet
from hedgerow.storage.database import Database
from hedgerow.storage.terms import BookmakerTerms, Terms
from hedgerow.venues.base import Account, Bookmaker, VenueContext
from hedgerow.venues.registry import UnknownVenueError, build_bookmaker, urls_of, venue

_log = structlog.get_logger(__name__)

_REMEMBERED_ANSWERS = 20
_CLOSE_S = 5.0


@dataclass(slots=True, eq=False)
class Desk:
    """One account. `row` is renewed when the database changes; its bets are followed whatever it says."""

    row: VenueAccount
    bookmaker: Bookmaker
    reconciler: Reconciler
    is_open: bool = False
    sending: set[asyncio.Task[None]] = field(default_factory=set)
    """Who waits for a bookmaker's answer to a bet; the connector that it was sent by is not closed before."""
    failures: deque[bool] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_ANSWERS))

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
        clock: Clock,
        placement: Placement,
    ) -> None:
        self._database, self._accounts, self._terms, self._vault = database, accounts, terms, vault
        self._urls, self._clock, self._placement = venue_urls, clock, placement
        self._desks: dict[int, Desk] = {}
        self._warned: dict[int, bytes] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._operator_rates: Mapping[str, Decimal] = {}
        self._decided: Decided = _ignore
        self.bookmakers: Mapping[str, BookmakerTerms] = {}

    def on_decided(self, listener: Decided) -> None:
        """The listener is called for each bet that was in doubt, or delayed, and is decided. Set before `load`."""
        self._decided = listener

    def get(self, account_id: int) -> Desk | None:
        return self._desks.get(account_id)

    def of(self, client: str) -> list[Desk]:
        """The client's active accounts, the highest priority first."""
        desks = [desk for desk in self._desks.values() if desk.row.client == client and desk.row.is_active]
        return sorted(desks, key=lambda desk: (-desk.row.priority, desk.row.account_id))

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
            return build_bookmaker(
                row.venue, VenueContext(account, self._clock, urls_of(venue(row.venue).manifest, self._urls))
            )
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
        reconciler = Reconciler(bookmaker, self._placement, self._clock, _covers_nothing, self._decided)
        self._desks[row.account_id] = Desk(row, bookmaker, reconciler)
        return True

    async def read_balances(self) -> None:
        """Asks every bookmaker what can be bet, and books it. Raises StorageError."""
        for desk in self.all():
            if desk.row.is_active:
                await self.read_balance(desk)

    async def read_balance(self, desk: Desk) -> None:
        """One account's balance; opens its connection before the first. Raises StorageError."""
        row = desk.row
        asked_at = self._clock.now()
        try:
            if not desk.is_open:
                await desk.bookmaker.open()
                desk.is_open = True
            told = await desk.bookmaker.balance()
        except VenueError as error:
            _log.warning("balance not read", bookmaker=row.venue, account=row.username, error=str(error))
            return
        async with self._database.transaction() as connection:
            await book_balance(connection, row.account_id, row.currency, told.free, asked_at, self._clock.now())
        await self._accounts.set_balance(row.account_id, told.free, told.held)

    async def close(self) -> None:
        if self._retiring:
            await asyncio.wait(self._retiring, timeout=_CLOSE_S)
        for desk in self.all():
            await desk.bookmaker.close()


def _covers_nothing(_: Bet) -> Decimal:
    """Bets of clients hedge nothing."""
    return Decimal(0)


async def _ignore(_: Bet) -> None:
    """Until somebody listens."""
