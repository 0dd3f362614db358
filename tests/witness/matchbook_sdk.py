"""The exchange's own client (matchbook-sdk 0.1.2) trades and reads at Matchbook.

Input: rest, username, password, sport, `offers` (fields of requests, the client's spelling, without the runner). What
rests is cancelled in the end. Output: what the client made of the answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from matchbook import MatchbookClient, OfferRequest
from matchbook.exceptions import MatchbookAPIError

GIVEN = json.loads(sys.argv[1])


def tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except MatchbookAPIError as error:
        return [error.status_code, error.messages]


def told(offer: Any) -> dict[str, Any]:
    return {
        "id": offer.id,
        "status": offer.status,
        "side": offer.side,
        "odds": offer.odds,
        "stake": offer.stake,
        "remaining": offer.remaining,
        "temp_id": offer.temp_id,
        "matched": [[bet.odds, bet.stake, bet.commission, bet.status] for bet in offer.matched_bets],
        "errors": [[error.field, *error.messages] for error in offer.errors],
    }


def run() -> dict[str, object]:
    client = MatchbookClient(GIVEN["username"], GIVEN["password"], base_url=GIVEN["rest"])
    session = client.login()
    events = client.get_events(sport_ids=[GIVEN["sport"]], include_prices=True, minimum_liquidity=0)
    runners = events.events[0].markets[0].runners
    offers = []
    if GIVEN["offers"]:
        requests = [OfferRequest(runner_id=runners[0].id, **fields) for fields in GIVEN["offers"]]
        offers = client.submit_offers(requests).offers
    resting = [offer for offer in offers if offer.status == "open"]
    balance = client.get_balance()
    beat = client.send_heartbeat(60)
    ended = [client.cancel_offer(offer.id).status for offer in resting]
    settled = client.get_settled_bets()
    stranger = MatchbookClient(GIVEN["username"], "wrong", base_url=GIVEN["rest"])
    return {
        "signed_in": session.username,
        "events": [[event.name, event.status, event.start.isoformat()] for event in events.events],
        "runners": [[runner.name, runner.status] for runner in runners],
        "to_back": [[price.odds, price.available_amount] for price in runners[0].available_to_back()],
        "placed": [told(offer) for offer in offers],
        "listed": [told(offer) for offer in client.get_offers().offers],
        "ended": ended,
        "again": tried(lambda: client.cancel_offer(resting[0].id).status) if ended else None,
        "balance": [balance.balance, balance.exposure, balance.commission_reserve, balance.free_funds],
        "beat": [beat.action_performed, beat.actual_timeout, client.delete_heartbeat().action_performed],
        "settled": [
            [bet.result, bet.stake, bet.profit_and_loss, bet.commission, bet.originator]
            for settled_market in settled.markets
            for selection in settled_market.selections
            for bet in selection.bets
        ],
        "stranger": tried(stranger.login),
    }


sys.stdout.write(json.dumps(run()))
