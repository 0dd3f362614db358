"""One client's conversation on the stream, without the socket: commands in, replies out.

Source: Kalshi's AsyncAPI document (August 2026) with its table of errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import msgspec

from hedgerow.sim.dialects.kalshi.tellings import BOOK, LIFECYCLE, TICKER, Subscription, Tellings, Truth

Json = dict[str, Any]

ERRORS = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    6: "Already subscribed",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    9: "Authentication required",
    10: "Channel error",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
    16: "Market not found",
    17: "Internal error",
    25: "Subscription buffer overflow",
}
TERMINAL_ERRORS = (10, 17, 25)
"""These end the subscription."""

_WITH_MARKETS = frozenset({BOOK, TICKER, "trade", "fill", "user_orders", "market_positions"})
# Channels of things that the world does not play can be subscribed, and are silent.
_WITHOUT_MARKETS = frozenset(
    {LIFECYCLE, "order_group_updates", "multivariate_market_lifecycle", "multivariate", "communications"}
)


class _Wrong(Exception):  # noqa: N818
    """A command that is answered with an error."""

    def __init__(self, code: int, **extra: str) -> None:
        super().__init__(ERRORS[code])
        self.code, self.extra = code, extra


class Session:
    """Answers commands and passes on what the venue tells. `push` takes a frame and never waits."""

    def __init__(self, account: str, truth: Truth, push: Callable[[Json], None]) -> None:
        self.account = account
        self.tell = Tellings(account, truth, push)
        self._listings, self._push = truth.listings, push
        self._sids = count(1)

    # --- commands --------------------------------------------------------------------------------------------

    def handle(self, text: str | bytes) -> None:
        """Carries out one command of the client."""
        command_id: Any = None
        try:
            command = _decoded(text)
            command_id = command.get("id") or None
            self._carry_out(command, command_id)
        except _Wrong as wrong:
            self._reply(command_id, {"type": "error", "msg": {"code": wrong.code, "msg": str(wrong), **wrong.extra}})

    def _carry_out(self, command: Json, command_id: Any) -> None:
        match command.get("cmd"):
            case "list_subscriptions":
                listed = [{"channel": sub.channel, "sid": sub.sid} for sub in self.tell.subscriptions.values()]
                self._reply(command_id, {"type": "ok", "msg": listed})
            case "subscribe":
                self._subscribe(_params(command), command_id)
            case "unsubscribe":
                self._unsubscribe(_params(command), command_id)
            case "update_subscription":
                self._update(_params(command), command_id)
            case _:
                raise _Wrong(5)

    def _subscribe(self, params: Json, command_id: Any) -> None:
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            raise _Wrong(3)
        tickers = self._tickers(params)
        for channel in channels:
            try:
                subscription = self._opened(channel, tickers, params)
            except _Wrong as wrong:
                error = {"code": wrong.code, "msg": str(wrong), **wrong.extra}
                self._reply(command_id, {"type": "error", "msg": error})
                continue
            said = {"channel": subscription.channel, "sid": subscription.sid}
            self._reply(command_id, {"type": "subscribed", "msg": said})
            self._send_first(subscription, subscription.tickers or [], params)

    def _opened(self, channel: Any, tickers: list[str] | None, params: Json) -> Subscription:
        if not isinstance(channel, str) or channel not in _WITH_MARKETS | _WITHOUT_MARKETS:
            raise _Wrong(8)
        if any(sub.channel == channel for sub in self.tell.subscriptions.values()):
            raise _Wrong(6)
        if channel == BOOK and not tickers:
            raise _Wrong(14)
        subscription = Subscription(
            next(self._sids),
            channel,
            list(tickers) if tickers is not None and channel in _WITH_MARKETS else None,
            params.get("use_yes_price") is True,
            params.get("skip_ticker_ack") is True,
        )
        self.tell.subscriptions[subscription.sid] = subscription
        return subscription

    def _unsubscribe(self, params: Json, command_id: Any) -> None:
        sids = params.get("sids")
        if not isinstance(sids, list) or not sids:
            raise _Wrong(4)
        for sid in sids:
            subscription = self.tell.subscriptions.pop(sid, None) if isinstance(sid, int) else None
            if subscription is None:
                raise _Wrong(7)
            subscription.seq += 1
            self._reply(command_id, {"sid": sid, "seq": subscription.seq, "type": "unsubscribed"})

    def _update(self, params: Json, command_id: Any) -> None:
        subscription = self._named(params)
        action = params.get("action")
        if not action:
            raise _Wrong(15)
        if action not in ("add_markets", "delete_markets", "get_snapshot") or subscription.tickers is None:
            raise _Wrong(13)
        tickers = self._tickers(params)
        if not tickers:
            raise _Wrong(14)
        if action == "get_snapshot":
            if subscription.channel != BOOK:
                raise _Wrong(13)
            self.tell.books(subscription, tickers)
            return
        new = [ticker for ticker in tickers if ticker not in subscription.tickers]
        if action == "add_markets":
            subscription.tickers += new
        else:
            subscription.tickers = [ticker for ticker in subscription.tickers if ticker not in tickers]
        subscription.seq += 1
        said = {} if subscription.skips_ack else {"market_tickers": subscription.tickers}
        self._reply(command_id, {"sid": subscription.sid, "seq": subscription.seq, "type": "ok", "msg": said})
        if action == "add_markets":
            self._send_first(subscription, new, params)

    def _named(self, params: Json) -> Subscription:
        """The one subscription that an update names."""
        sids = [params["sid"]] if "sid" in params else params.get("sids")
        if not isinstance(sids, list) or len(sids) != 1:
            raise _Wrong(12)
        subscription = self.tell.subscriptions.get(sids[0]) if isinstance(sids[0], int) else None
        if subscription is None:
            raise _Wrong(7)
        return subscription

    def _tickers(self, params: Json) -> list[str] | None:
        """The markets that a command names; None when it names none."""
        one, many = params.get("market_ticker"), params.get("market_tickers")
        if one is not None and many is not None:
            raise _Wrong(11)
        tickers = many if one is None else [one]
        if tickers is None:
            return None
        if not isinstance(tickers, list) or not all(isinstance(ticker, str) for ticker in tickers):
            raise _Wrong(11)
        for ticker in tickers:
            if ticker not in self._listings.markets:
                raise _Wrong(16, market_ticker=ticker)
        return list(dict.fromkeys(tickers))

    def _send_first(self, subscription: Subscription, tickers: Iterable[str], params: Json) -> None:
        """What a new market of a subscription begins with."""
        if subscription.channel == BOOK:
            self.tell.books(subscription, tickers)
        elif subscription.channel == TICKER and params.get("send_initial_snapshot") is True:
            self.tell.first_tickers(subscription, tickers)

    # --- faults ----------------------------------------------------------------------------------------------

    def end_subscriptions(self, code: int) -> None:
        """Ends every subscription with a terminal error (10, 17 or 25)."""
        for sid in list(self.tell.subscriptions):
            del self.tell.subscriptions[sid]
            self._push({"sid": sid, "type": "error", "msg": {"code": code, "msg": ERRORS[code]}})

    def lose_frame(self) -> None:
        """The next frame of every subscription leaves a gap in its count."""
        for subscription in self.tell.subscriptions.values():
            subscription.seq += 1

    # --- inside ----------------------------------------------------------------------------------------------

    def _reply(self, command_id: Any, reply: Json) -> None:
        """An id of 0 counts as none."""
        self._push({"id": command_id, **reply} if command_id else reply)


def _decoded(text: str | bytes) -> Json:
    try:
        command = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise _Wrong(1) from None
    if not isinstance(command, dict):
        raise _Wrong(1)
    return command


def _params(command: Json) -> Json:
    params = command.get("params")
    if not isinstance(params, dict):
        raise _Wrong(2)
    return params
