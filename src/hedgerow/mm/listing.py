"""Lists as clients ask for them: pages, days, filters by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator

from hedgerow.api.answers import JsonAnswer
from hedgerow.api.errors import wrong_value
from hedgerow.storage.database import Database

T = TypeVar("T")

_NO_NUL = r"^[^\x00]*$"  # PostgreSQL has no text with it
_MOST_PAGES = 1_000_000_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _is_written_as_day(value: object) -> object:
    """Pydantic alone would also take a time of the day, and seconds since 1970. Raises ValueError."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_is_written_as_day)]

Text = Annotated[str | None, Query(max_length=200, pattern=_NO_NUL)]
FixtureText = Annotated[str | None, Query(alias="fixtureId", max_length=200, pattern=_NO_NUL)]
RowNumber = Annotated[int, Path(ge=0, lt=2**63)]
SmallNumber = Annotated[int, Path(ge=-(2**31), lt=2**31)]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list. page: from 1."""

    page: Annotated[int, Query(ge=1, le=_MOST_PAGES)] = 1
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=2000)] = 50

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


@dataclass(frozen=True, slots=True)
class Days:
    """From a day to a day, both included, UTC; open where None."""

    from_date: Annotated[Day | None, Query(alias="fromDate", description="First day, UTC")] = None
    to_date: Annotated[Day | None, Query(alias="toDate", description="Last day, UTC")] = None


PageOf = Annotated[Paging, Depends()]
DaysOf = Annotated[Days, Depends()]


@dataclass(slots=True)
class Where:
    """A condition in SQL, and its values. Only constants of ours enter the text."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, value: Any) -> Where:
        """condition: with `{}` where the value stands."""
        self.values.append(value)
        self.conditions.append(condition.format(f"${len(self.values)}"))
        return self

    def add_if(self, condition: str, value: Any) -> Where:
        """The same, unless the value is None."""
        return self if value is None else self.add(condition, value)

    def days(self, column: str, days: Days) -> Where:
        """Days are UTC because every session's time zone is."""
        self.add_if(f"{column} >= ({{}}::date)::timestamptz", days.from_date)
        return self.add_if(f"{column} < ({{}}::date + 1)::timestamptz", days.to_date)

    @property
    def sql(self) -> str:
        return " and ".join(self.conditions) or "true"


async def page_of(
    database: Database,
    source: str,
    where: Where,
    order: str,
    paging: Paging,
    shape: Callable[[Any], Any],
    *,
    columns: str = "*",
) -> dict[str, Any]:
    """One page of a list, with how many rows there are in all. source, order, columns: SQL of ours."""
    total: int = await database.fetchval(f"select count(*) from {source} where {where.sql}", *where.values)
    # A page behind the end is empty; the database need not walk there.
    rows = (
        await database.fetch(
            f"""select {columns} from {source} where {where.sql} order by {order}
                limit {paging.page_size} offset {paging.offset}""",
            *where.values,
        )
        if paging.offset < total
        else []
    )
    return {
        "data": [shape(row) for row in rows],
        "total": total,
        "page": paging.page,
        "pageSize": paging.page_size,
        "totalPages": -(-total // paging.page_size),
    }


def listed(name: str, items: Sequence[Any]) -> JsonAnswer:
    """A whole list under its name, with its length."""
    return JsonAnswer({name: items, "count": len(items)})


def chosen(text: str | None, allowed: Sequence[str]) -> list[str] | None:
    """The comma-separated values of a `status` filter, None without one. Raises RequestValidationError."""
    if text is None:
        return None
    found = [part.strip() for part in text.split(",") if part.strip()]
    by_folded = {value.casefold(): value for value in allowed}
    for part in found:
        if part.casefold() not in by_folded:
            raise wrong_value("query", "status", f"{part[:50]!r} is not one of {', '.join(allowed)}")
    return [by_folded[part.casefold()] for part in found] or None
