"""The body of a bet and the question after a line. Pure.

Sources: betsapi.v4 (PlaceBetRequest), linesapi (`/v1/line`), "Getting Started" (which member of the odds goes where).
The two APIs spell the same words differently: DECIMAL and TEAM1 here, Decimal and Team1 there.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.venues.base import BetIntent
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.line import Selection


def straight_bet(bet: BetIntent, selection: Selection, team: str | None, stake: Decimal) -> wire.PlaceStraight:
    """A bet that risks the stake (two decimals) on the line as it was seen.

    `acceptBetterLine` is left off where the line may be an alternative's: without its altLineId the venue would put
    the bet on the main line, unless the lineId has to be exactly that one.
    """
    line = selection.line
    return wire.PlaceStraight(
        odds_format="DECIMAL",
        unique_request_id=bet.reference,
        accept_better_line=bet.accept_better and not line.may_be_alternative,
        stake=stake,
        win_risk_stake="RISK",
        line_id=line.line_id,
        alt_line_id=line.alt_line_id,
        fill_type="FILLANDKILL" if bet.accept_partial else "NORMAL",
        sport_id=line.sport_id,
        event_id=line.event_id,
        period_number=line.period,
        bet_type=line.bet_type,
        team=team,
        side=selection.over_under.upper() if selection.over_under else None,
    )


def line_question(selection: Selection, team: str | None) -> Mapping[str, str | int]:
    """The query of `GET /v1/line`.

    The handicap of a spread is the home team's for either team, as the odds list it: so says the table in "Getting
    Started"; no public example shows it.
    """
    line = selection.line
    query: dict[str, str | int] = {
        "sportId": line.sport_id,
        "leagueId": line.league_id,
        "eventId": line.event_id,
        "periodNumber": line.period,
        "betType": line.bet_type,
        "oddsFormat": "Decimal",
    }
    if team is not None:
        query["team"] = team.capitalize()
    if selection.over_under is not None:
        query["side"] = selection.over_under.upper()
    if selection.points is not None:
        query["handicap"] = f"{selection.points:f}"
    return query
