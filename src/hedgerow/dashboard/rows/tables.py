"""What a table is made of. Values alone: `dashboard.parts` draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """is_number: right-aligned, with figures of one width."""

    name: str
    label: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """key: its identity among the rows. cells: text by column. links, tones: by column, where there are some."""

    key: str
    cells: Mapping[str, str]
    links: Mapping[str, str] | None = None
    tones: Mapping[str, str] | None = None
