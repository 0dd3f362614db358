"""The pages that there are, and what each needs. Pure: a page is built by `shell`, listed here as a value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from hedgerow.dashboard.sessions import Kind, Session

if TYPE_CHECKING:
    from hedgerow.dashboard.visit import Visit

KEY_OF = {
    Kind.MM: "a key of market making",
    Kind.ABP: "a key of bet placing",
    Kind.SCRAPING: "a key of scraping",
    Kind.OPERATOR: "the operator's key",
    Kind.DESK: "a desk's key",
}


_HIDDEN = frozenset({Kind.OPERATOR, Kind.DESK})
"""Pages of which nobody is told who has not the key."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page. path: with parameters in braces for one thing's page, which stands in no menu. group: its heading in the
    menu. icon: a name of the Material set. needs: the key without which there is nothing to show; None: any. build:
    puts the elements on it."""

    path: str
    title: str
    group: str
    icon: str
    needs: Kind | None
    build: Callable[[Visit], Awaitable[None]]

    @property
    def is_listed(self) -> bool:
        """Whether the menu has it."""
        return "{" not in self.path

    def is_open_to(self, session: Session) -> bool:
        """Whether the session has the key that it needs."""
        return self.needs is None or self.needs in session.keys


def menu(pages: Iterable[Page], session: Session) -> list[tuple[str, Sequence[Page]]]:
    """The menu of a session by heading, in the order of the pages. A page for which a client's key is missing stands
    there, and says so when it is opened; those of operators and desks do not."""
    listed = [page for page in pages if page.is_listed and (page.needs not in _HIDDEN or page.is_open_to(session))]
    return [(group, list(found)) for group, found in groupby(listed, key=lambda page: page.group)]
