"""The Asian broker: tickets, quotes, the account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, seed
from tests.fuzz.literals import floored, number

from hedgerow.venues.base import Balance, BetReport
from hedgerow.venues.singbet import parse, wire

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"


def _ticket(report: BetReport, told: Any) -> Iterator[Claim]:
    if report.stake is not None:
        yield "ticket", report.bet_ref, told["ReferenceNumber"]
        yield "stake", report.stake, number(told["Stake"])
        yield "odds", report.odds, floored(told["Odds"])
    if report.payout is not None:
        won = told["Pnl"] if told.get("Pnl") is not None else told["PnL"]
        yield "payout", report.payout, number(told["Stake"]) + number(won)


def _quote(quote: parse.Quote, told: Any) -> Iterator[Claim]:
    yield "odds", quote.odds, number(told["Odds"])
    yield "stakes", (quote.least, quote.most), (number(told["MinimumAmount"]), number(told["MaximumAmount"]))


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    yield "free", (balance.free, balance.held), (number(told["Credit"]), number(told["Outstanding"]))


def _of(**changes: Any) -> Any:
    ticket = {
        "ReferenceNumber": "7001",
        "BetPlacementReference": f"WA-{REFERENCE}",
        "Bookie": "SIN",
        "OddsType": "00",
        "Odds": 1.93,
        "Stake": 40,
        "Status": "Running",
        "Pnl": 0,
    }
    return seed({**ticket, **changes})


PARSERS = [
    Parser(
        "singbet ticket",
        [_of(), _of(Status="Won", Pnl=37.2), _of(Status="Settled", Pnl=-20), _of(Status="Void")],
        by(wire.Ticket, lambda ticket: parse.report([ticket], parse.reference_of(ticket))),
        _ticket,
    ),
    Parser(
        "singbet quote",
        [
            seed(
                {
                    "Bookie": "SIN",
                    "Odds": 1.93,
                    "MinimumAmount": 5,
                    "MaximumAmount": 500,
                    "Currency": "USD",
                    "Rejected": False,
                }
            )
        ],
        by(wire.BookQuote, parse.quote),
        _quote,
    ),
    Parser(
        "singbet account",
        [seed({"Credit": 1000.5, "Outstanding": 40, "CreditCurrency": "USD"})],
        by(wire.Summary, parse.balance),
        _balance,
    ),
]
