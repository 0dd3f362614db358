"""What a bridge keeps, in a file of its operator's: every bet, every fence, every change in its order.

SQLite with a write-ahead log, each change on the disk before it is answered or acted on: `synchronous=FULL`. A change
stops the loop for a write to the disk, a few milliseconds, which the few bets of one bookmaker can afford.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hedgerow.bridging import wire
from hedgerow.bridging.revisions import Revisions
from hedgerow.bridging.wire import Bet, BetRequest, State
from hedgerow.core.clock import Clock, iso_of_ms
from hedgerow.core.errors import SetupError

KEPT_DAYS = 400
"""A bet that is decided is forgotten so long after its last change. The protocol asks for 30 days of references and 90
of changes."""

_VERSION = 1
_DAY_MS = 86_400_000
_SCHEMA = """
CREATE TABLE bets (
    account TEXT NOT NULL,
    reference TEXT NOT NULL,
    request TEXT NOT NULL,
    bet TEXT NOT NULL,
    state TEXT NOT NULL,
    is_settled INTEGER NOT NULL,
    revision INTEGER NOT NULL UNIQUE,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (account, reference)
) STRICT;
CREATE INDEX bets_by_change ON bets (account, revision);
CREATE INDEX bets_by_state ON bets (state, account, updated_ms);
CREATE TABLE ids (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (account, id)
) STRICT;
CREATE TABLE fences (
    account TEXT NOT NULL,
    reference TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, reference)
) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    person TEXT NOT NULL,
    action TEXT NOT NULL,
    account TEXT NOT NULL,
    reference TEXT,
    details TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A bet, and what was asked for."""

    bet: Bet
    request: BetRequest


class Store:
    """One file. Used from one thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises SetupError for a file that cannot be used."""
        self._clock = clock
        with ExitStack() as stack:
            try:
                path.touch(mode=0o600)
                self._db = sqlite3.connect(path, isolation_level=None, timeout=1.0)
                stack.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # two bridges on one file would send a bet twice
                self._make()
            except (sqlite3.Error, OSError) as error:
                raise SetupError(
                    f"the bridge's store {path} cannot be used: {error}", "is another bridge using it?"
                ) from None
            (highest,) = self._one("SELECT coalesce(max(revision), 0) FROM bets")
            self._revisions = Revisions(path.with_name(f"{path.name}.revisions"), highest)
            stack.pop_all()

    def close(self) -> None:
        self._db.close()

    # --- bets ---------------------------------------------------------------------------------------------------

    def find(self, account: str, reference: str) -> Kept | None:
        row = self._db.execute(
            "SELECT bet, request FROM bets WHERE account = ? AND reference = ?", (account, reference)
        ).fetchone()
        return None if row is None else _kept(row)

    def named(self, account: str, name: str) -> Kept | None:
        """By our reference or one of the bookmaker's ids."""
        row = self._db.execute("SELECT reference FROM ids WHERE account = ? AND id = ?", (account, name)).fetchone()
        return self.find(account, row[0] if row else name)

    def add(self, bet: Bet, request: BetRequest) -> Bet:
        """A bet that is new, with its first revision."""
        bet = self._numbered(bet)
        self._db.execute(
            "INSERT INTO bets (account, reference, request, bet, state, is_settled, revision, updated_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (bet.account, bet.reference, _text(request), _text(bet), bet.state, 0, bet.revision, self._clock.now_ms()),
        )
        return bet

    def change(self, bet: Bet) -> Bet:
        """The bet as it is now, with its next revision."""
        bet = self._numbered(bet)
        is_settled = bet.settlement.status is not wire.Status.UNSETTLED
        with self._whole():
            self._db.execute(
                "UPDATE bets SET bet = ?, state = ?, is_settled = ?, revision = ?, updated_ms = ?"
                " WHERE account = ? AND reference = ?",
                (
                    _text(bet),
                    bet.state,
                    is_settled,
                    bet.revision,
                    self._clock.now_ms(),
                    bet.account,
                    bet.reference,
                ),
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO ids (account, id, reference) VALUES (?, ?, ?)",
                [(bet.account, name, bet.reference) for name in bet.bookmaker_bet_ids],
            )
        return bet

    def changes(self, accounts: Iterable[str], after: int, limit: int) -> list[Bet]:
        """In the order of their last change."""
        names = list(accounts)
        rows = self._db.execute(
            f"SELECT bet FROM bets WHERE account IN ({', '.join('?' * len(names))}) AND revision > ?"
            " ORDER BY revision LIMIT ?",
            (*names, after, limit),
        )
        return [wire.decode(text.encode(), Bet) for (text,) in rows]

    def last_revision(self, accounts: Iterable[str]) -> int:
        names = list(accounts)
        (last,) = self._one(
            f"SELECT coalesce(max(revision), 0) FROM bets WHERE account IN ({', '.join('?' * len(names))})", *names
        )
        return int(last)

    def in_state(self, *states: State) -> list[Kept]:
        """Oldest first."""
        rows = self._db.execute(
            f"SELECT bet, request FROM bets WHERE state IN ({', '.join('?' * len(states))}) ORDER BY rowid", states
        )
        return [_kept(row) for row in rows]

    def pending(self, account: str) -> int:
        """How many of its bets are not decided yet, those apart that are in doubt."""
        (count,) = self._one("SELECT count(*) FROM bets WHERE account = ? AND state = ?", account, State.PENDING)
        return int(count)

    def oldest_unsettled(self, account: str) -> Bet | None:
        """Of the bets that were taken and have no result."""
        row = self._db.execute(
            "SELECT bet FROM bets WHERE account = ? AND state = ? AND NOT is_settled ORDER BY rowid LIMIT 1",
            (account, State.ACCEPTED),
        ).fetchone()
        return None if row is None else wire.decode(row[0].encode(), Bet)

    def accepted_since(self, account: str, at_ms: int) -> list[Bet]:
        """Bets that were taken, and last changed at that time or later."""
        rows = self._db.execute(
            "SELECT bet FROM bets WHERE account = ? AND state = ? AND updated_ms >= ? ORDER BY revision",
            (account, State.ACCEPTED, at_ms),
        )
        return [wire.decode(text.encode(), Bet) for (text,) in rows]

    def forget_old(self) -> int:
        """Drops what has not changed for longer than KEPT_DAYS, undecided bets apart. Answers how many bets."""
        before_ms = self._clock.now_ms() - KEPT_DAYS * _DAY_MS
        over = "updated_ms < ? AND state NOT IN (?, ?)"
        values = (before_ms, State.PENDING, State.UNKNOWN)
        with self._whole():
            self._db.execute(
                f"DELETE FROM ids WHERE (account, reference) IN (SELECT account, reference FROM bets WHERE {over})",
                values,
            )
            dropped = self._db.execute(f"DELETE FROM bets WHERE {over}", values).rowcount
            self._db.execute("DELETE FROM fences WHERE at_ms < ?", (before_ms,))
        return dropped

    # --- fences -------------------------------------------------------------------------------------------------

    def fence(self, account: str, reference: str) -> None:
        """Nothing is placed under the reference any more."""
        self._db.execute(
            "INSERT OR IGNORE INTO fences (account, reference, at_ms) VALUES (?, ?, ?)",
            (account, reference, self._clock.now_ms()),
        )

    def is_fenced(self, account: str, reference: str) -> bool:
        row = self._db.execute("SELECT 1 FROM fences WHERE account = ? AND reference = ?", (account, reference))
        return row.fetchone() is not None

    # --- what else is kept --------------------------------------------------------------------------------------

    def note(self, name: str, value: Any) -> None:
        """Keeps a fact under a name, in place of the one before."""
        self._db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, _text(value)))

    def noted(self, name: str, kind: type[Any]) -> Any:
        """None where nothing was noted."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kind)

    def drop(self, name: str) -> None:
        """Forgets a fact."""
        self._db.execute("DELETE FROM facts WHERE name = ?", (name,))

    def audit(self, person: str, action: str, account: str, reference: str | None, details: Any) -> None:
        """What a person has decided. Never changed, never dropped."""
        self._db.execute(
            "INSERT INTO audit (at, person, action, account, reference, details) VALUES (?, ?, ?, ?, ?, ?)",
            (iso_of_ms(self._clock.now_ms()), person, action, account, reference, _text(details)),
        )

    def audited(self, limit: int) -> list[dict[str, Any]]:
        """The last decisions, newest first."""
        rows = self._db.execute(
            "SELECT at, person, action, account, reference, details FROM audit ORDER BY number DESC LIMIT ?", (limit,)
        )
        names = ("at", "person", "action", "account", "reference")
        return [{**dict(zip(names, row[:-1], strict=True)), "details": msgspec.json.decode(row[-1])} for row in rows]

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All of the block, or nothing of it."""
        self._db.execute("BEGIN EXCLUSIVE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _make(self) -> None:
        """Takes the file for this process alone, and lays it out where it is new."""
        with self._whole():
            (version,) = self._one("PRAGMA user_version")
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError(f"it is of version {version}, this one reads {_VERSION}")
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={_VERSION}")

    def _numbered(self, bet: Bet) -> Bet:
        at = iso_of_ms(self._clock.now_ms())
        return msgspec.structs.replace(bet, revision=self._revisions.next(), updated_at=at)

    def _one(self, query: str, *values: Any) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._db.execute(query, values).fetchone()
        return row


def _kept(row: tuple[str, str]) -> Kept:
    bet, request = row
    return Kept(wire.decode(bet.encode(), Bet), wire.decode(request.encode(), BetRequest))


def _text(value: Any) -> str:
    return wire.encode(value).decode()
