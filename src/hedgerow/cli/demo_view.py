"""What the demo shows: a view of one moment, as a screen, as a line, and as the closing summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]

_MOST_QUOTES = 12
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class View:
    """One moment. Money in USD; `share` is how much of the recording has been played, 0 to 1."""

    state: str = "starting"
    title: str = ""
    score: str = ""
    now: str = ""
    share: Decimal = _ZERO
    quotes: Sequence[Row] = ()
    hedges: Sequence[Row] = ()
    orders: int = 0
    matched: Decimal = _ZERO
    hedge_count: int = 0
    pnl: Row = field(default_factory=dict)
    trouble: str | None = None

    @classmethod
    def of(
        cls,
        progress: Row,
        world: Row,
        quotes: Sequence[Row],
        order_totals: Row,
        hedges: Sequence[Row],
        bet_totals: Row,
        pnl: Row,
    ) -> View:
        """From the answers of the script API (replay, state) and of the MM API (the others)."""
        played = {fixture["fixtureId"] for fixture in progress["fixtures"]}
        return cls(
            state=progress["state"],
            title=progress["title"],
            score="; ".join(score_of(fixture) for fixture in world["fixtures"] if fixture["fixtureId"] in played),
            now=progress["now"],
            share=Decimal(progress["fraction"] or 0),
            quotes=tuple(quotes),
            hedges=tuple(hedges),
            orders=order_totals["totalOrders"],
            matched=Decimal(order_totals["totalMatched"]),
            hedge_count=bet_totals["placedCount"],
            pnl=pnl,
            trouble=progress["error"],
        )

    @classmethod
    def troubled(cls, before: View | None, trouble: str) -> View:
        """What was seen last, with why nothing newer is."""
        return replace(before or cls(), trouble=trouble)


def score_of(fixture: Row) -> str:
    """`PREGAME`, or the periods' scores in the feed's order, e.g. `6-4 3-2`."""
    if not fixture["live"] and fixture["statusId"] == 0:
        return "before the start"
    periods = fixture["scores"].get("periods", fixture["scores"])
    told = [f"{row['participant1Score']}-{row['participant2Score']}" for row in periods.values() if _is_score(row)]
    return " ".join(told) or "no score yet"


def _is_score(row: Any) -> bool:
    return isinstance(row, Mapping) and {"participant1Score", "participant2Score"} <= set(row)


def plain(view: View) -> str:
    """One line, for logs and pipes."""
    pnl = view.pnl
    parts = [
        view.now[11:19] or "--:--:--",
        f"{view.state} {view.share:.0%}",
        view.score,
        f"quotes {len(view.quotes)}",
        f"matched {_usd(view.matched)}",
        f"hedges {view.hedge_count}",
        f"unhedged {_usd(pnl.get('unhedgedStake'))}",
        f"earned {_usd(pnl.get('netRealizedSpread'))} hedged, {_usd(pnl.get('nakedPnl'))} naked",
        f"locked in {_usd(pnl.get('lockedPnl'))}",
    ]
    return "  ".join([*filter(None, parts), *([f"({view.trouble})"] if view.trouble else [])])


def headline(view: View) -> dict[str, Any]:
    """The closing summary."""
    return {
        "match": view.title,
        "score": view.score,
        "state": view.state,
        "orders": view.orders,
        "matched": view.matched,
        "hedges": view.hedge_count,
        "unhedgedStake": view.pnl.get("unhedgedStake"),
        "netRealizedSpread": view.pnl.get("netRealizedSpread"),
        "nakedPnl": view.pnl.get("nakedPnl"),
        "lockedPnl": view.pnl.get("lockedPnl"),
    }


def screen(view: View, where: str) -> RenderableType:
    """The whole terminal."""
    head = Text.assemble(
        (view.title or "waiting for the match", "bold"), f"   {view.score}   {view.now[:19]}   {view.share:.0%} played"
    )
    parts: list[RenderableType] = [Panel(Text(where), title="hedgerow"), head]
    if view.trouble:
        parts.append(Text(view.trouble, style="yellow"))
    return Group(*parts, _money(view), _quotes(view.quotes), _hedges(view.hedges))


def _money(view: View) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    cells = {
        "quotes": str(len(view.quotes)),
        "matched": _usd(view.matched),
        "hedges": str(view.hedge_count),
        "unhedged": _usd(view.pnl.get("unhedgedStake")),
        "earned hedged": _usd(view.pnl.get("netRealizedSpread")),
        "earned naked": _usd(view.pnl.get("nakedPnl")),
        "locked in": _usd(view.pnl.get("lockedPnl")),
    }
    for name in cells:
        table.add_column(name, justify="right")
    table.add_row(*cells.values())
    return table


def _quotes(quotes: Sequence[Row]) -> Table:
    table = _table("own quotes", "exchange", "outcome", "side", "price", "contracts", "matched", "bookmaker's odds")
    for quote in quotes[:_MOST_QUOTES]:
        table.add_row(
            quote["exchange"],
            str(quote["outcomeId"]),
            quote["side"],
            _number(quote["orderCents"]),
            _number(quote["orderShares"]),
            _number(quote["matchedShares"]),
            _number(quote["bookmakerOutcomePrice"]),
        )
    return table


def _hedges(hedges: Sequence[Row]) -> Table:
    table = _table("latest hedges", "bookmaker", "outcome", "stake", "odds", "status")
    for bet in hedges:
        price = bet["placedPrice"] if bet["placedPrice"] is not None else bet["requestedPrice"]
        stake = bet["placedStake"] if bet["placedStake"] is not None else bet["requestedStake"]
        table.add_row(bet["bookmaker"], str(bet["outcomeId"]), _usd(stake), _number(price), bet["betStatus"])
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def _number(value: Any) -> str:
    return "-" if value is None else f"{Decimal(value).normalize():f}"


def _usd(value: Any) -> str:
    return "-" if value is None else f"{Decimal(value):,.2f}"
