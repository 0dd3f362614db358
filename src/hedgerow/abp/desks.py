"""The accounts where bets are placed, as the database has them, each with its connection to the bookmaker."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from hedgerow.abp.amounts import Currency
from hedgerow.abp.balances import Observation, book_balance
from hedgerow.abp.readings import Readings
from hedgerow.core.clock import Clock
from hedgerow.core.config import VenueUrls
from hedgerow.core.errors import SetupError, VenueError
from hedgerow.core.money import Rates, UnknownCurrencyError
from hedgerow.core.observe import BALANCE_DRIFTS
from hedgerow.core.secrets import Vault
from hedgerow.execution.placement import Placement
from hedgerow.execution.reconcile import Decided, Reconciler
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.storage.bets import Bet
from hedgerow.storage.database import Database
from hedgerow.storage.terms import BookmakerTerms, Terms
from hedgerow.venues.base import Account, Bookmaker, VenueContext
from hedgerow.venues.registry import UnknownVenueError, build_bookmaker, urls_of, venue

_log = structlog.get_logger(__name__)

BALANCE_AFTER_S = 1.0
"""How long after a bet's answer the balance is read: what is answered meanwhile is read with it."""
_REMEMBERED_ANSWERS = 20


@dataclass(slots=True, eq=False)
class Desk:
    """One account. `row` is renewed when the database changes; its bets are followed whatever it says."""

    row: VenueAccount
    bookmaker: Bookmaker
    reconciler: Reconciler
    ask_balance: Callable[[], None]
    """Has the balance read soon: a bet has changed it."""
    is_open: bool = False
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
        clock: Clock,
        placement: Placement,
    ) -> None:
        self._database, self._accounts, self._terms, self._vault = database, accounts, terms, vault
        self._urls, self._clock, self._placement = venue_urls, clock, placement
        self._desks: dict[int, Desk] = {}
        self._warned: set[int] = set()
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

    async def load(self) -> None:
        """Reads accounts and terms. Raises StorageError."""
        self.bookmakers = await self._terms.bookmakers()
        told = await self._terms.currencies()
        self._operator_rates = {rate.currency: rate.per_usd for rate in told if rate.source == "operator"}
        rows = {row.account_id: row for row in await self._accounts.accounts()}
        for account_id, row in rows.items():
            desk = self._desks.get(account_id)
            if desk is not None:
                desk.row = row
            elif row.is_active:
                self._add(row)
        for account_id in self._desks.keys() - rows.keys():
            await self._desks.pop(account_id).bookmaker.close()

    def _add(self, row: VenueAccount) -> None:
        try:
            account = Account(row.account_id, row.username, row.currency, open_credentials(row, self._vault), row.meta)
            context = VenueContext(account, self._clock, urls_of(venue(row.venue).manifest, self._urls))
            bookmaker = build_bookmaker(row.venue, context)
        except (UnknownVenueError, LookupError, SetupError) as error:
            if row.account_id not in self._warned:
                self._warned.add(row.account_id)
                _log.warning("account takes no bets", venue=row.venue, account=row.username, why=str(error))
            return
        account_id = row.account_id
        reconciler = Reconciler(bookmaker, self._placement, self._clock, _covers_nothing, self._told)
        self._desks[account_id] = Desk(
            row, bookmaker, reconciler, lambda: self._balances.ask(account_id, after_s=BALANCE_AFTER_S)
        )

    async def _told(self, bet: Bet) -> None:
        if (desk := self._desks.get(bet.account_id)) is not None:
            desk.ask_balance()
        await self._decided(bet)

    # --- balances --------------------------------------------------------------------------------------------------

    def ask_balances(self) -> None:
        """Has the balances of all active accounts read, none waiting for another."""
        for desk in self.all():
            if desk.row.is_active:
                self._balances.ask(desk.row.account_id)

    async def read_balances(self) -> None:
        """The same, and returns when all are read."""
        self.ask_balances()
        await self._balances.done()

    async def _read_account(self, account_id: int) -> None:
        desk = self._desks.get(account_id)
        if desk is not None and desk.row.is_active:
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
        row = desk.row
        asked_at = self._clock.now()
        try:
            if not desk.is_open:
                await desk.bookmaker.open()
                desk.is_open = True
            told = await desk.bookmaker.balance()
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
                has_statement=desk.bookmaker.manifest.has_statement,
                is_last_look=is_last,
            )
        await self._accounts.set_balance(row.account_id, told.free, told.held)
        return observed

    async def close(self) -> None:
        await self._balances.stop()
        for desk in self.all():
            await desk.bookmaker.close()


def _covers_nothing(_: Bet) -> Decimal:
    """Bets of clients hedge nothing."""
    return Decimal(0)


async def _ignore(_: object) -> None:
    """Until somebody listens."""
