"""The desk's pages: plain HTML without scripts, so that the strictest content policy holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec

from hedgerow.bridging.desk.jobs import Job, Stage
from hedgerow.bridging.wire import RETRIES
from hedgerow.core.clock import iso_of_ms

ROOT = "/desk"
_REFRESH_S = 3

_STAGES = {
    Stage.ASKED: "Was it placed? Somebody has to say. Taken by {}.",
    Stage.TAKEN: "Being placed by {}.",
    Stage.WAITING: "To be taken.",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is made. csrf: stands in each of its forms."""

    bookmaker: str
    person: str
    csrf: str


def sign_in(bookmaker: str, error: str = "") -> str:
    """Who has the operator's key gives it once, with his name."""
    form = (
        f"<section class=form><form method=post action={ROOT}/sign-in>"
        "<label>Your name <input name=person required maxlength=60 autocomplete=name autofocus></label>"
        "<label>Operator key <input name=key type=password required autocomplete=current-password></label>"
        "<button>Sign in</button></form></section>"
    )
    return _page(f"Desk of {bookmaker}", f"<h1>Desk of {escape(bookmaker)}</h1>{_error(error)}{form}")


def queue(reader: Reader, jobs: Iterable[Job], balances: Mapping[str, str], now_ms: int, error: str = "") -> str:
    """What is to be done. Renews itself every few seconds: nothing is typed there but the balance."""
    cards = "".join(_card(reader, job, now_ms) for job in jobs) or "<p>Nothing to bet. This page looks by itself.</p>"
    rows = "".join(
        f"<tr><td>{escape(account)}<td class=numbers>{escape(free)}"
        f'<td><a href="{ROOT}/balance/{quote(account)}">Tell the balance</a>'
        for account, free in balances.items()
    )
    money = f"<h2>Free money, as last told, without what was bet since</h2><table>{rows}</table>" if rows else ""
    return _page("Desk", _header(reader) + _error(error) + cards + money, refresh=True)


def job_page(reader: Reader, job: Job, now_ms: int, error: str = "", typed: Mapping[str, str] | None = None) -> str:
    """Where the ticket is typed in. Does not renew itself."""
    given = typed or {}
    wager = job.wager
    where = f"{ROOT}/jobs/{quote(wager.account)}/{wager.reference}"
    meant = "" if not error else "<label><input type=checkbox name=meant value=yes> The ticket really says so</label>"
    placed = (
        f'<section class=form><h2>It is placed</h2><form method=post action="{where}/placed">{_csrf(reader)}'
        f'<label>Ticket number <input name=ticket required maxlength=100 autofocus value="{_given(given, "ticket")}">'
        f"</label><label>Stake ({escape(wager.currency)})"
        f' <input name=stake required inputmode=decimal value="{_given(given, "stake", f"{wager.stake:f}")}"></label>'
        "<label>Price (decimal odds)"
        f' <input name=price required inputmode=decimal value="{_given(given, "price")}"></label>'
        f"{meant}<button>It is placed</button></form></section>"
    )
    # None is chosen ahead: some of them have the router put the account aside.
    reasons = "".join(f"<option value={code}>{code.replace('_', ' ')}</option>" for code in sorted(RETRIES))
    options = f"<option value=''>choose</option>{reasons}"
    impossible = (
        f'<section class=form><h2>It is not possible</h2><form method=post action="{where}/impossible">'
        f"{_csrf(reader)}<label>Why <select name=code required>{options}</select></label>"
        "<label>Note <input name=note maxlength=200></label>"
        "<button class=plain>It is not placed, and will not be</button></form></section>"
    )
    return _page("Bet", _header(reader) + _error(error) + _card(reader, job, now_ms, links=False) + placed + impossible)


def balance_page(reader: Reader, account: str, currency: str, error: str = "") -> str:
    where = f"{ROOT}/balance/{quote(account)}"
    form = (
        f'<section class=form><h2>What may be staked now</h2><form method=post action="{where}">'
        f"{_csrf(reader)}<label>Free money of {escape(account)} ({escape(currency)})"
        " <input name=available required inputmode=decimal autofocus></label><button>Tell it</button></form></section>"
    )
    return _page("Balance", _header(reader) + _error(error) + form)


def decisions_page(reader: Reader, rows: Iterable[Mapping[str, Any]]) -> str:
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{escape(str(row[name] or ''))}" for name in ("at", "person", "action", "account", "reference"))
        + f"<td>{escape(msgspec.json.encode(row['details']).decode())}"
        for row in rows
    )
    table = f"<table><tr><th>At<th>Person<th>Did<th>Account<th>Bet<th>What{lines}</table>"
    return _page("Decisions", f"{_header(reader)}<h2>Decisions</h2>{table}")


def _card(reader: Reader, job: Job, now_ms: int, *, links: bool = True) -> str:
    wager, left_s = job.wager, job.left_s(now_ms)
    side, than = ("Back", "or higher") if wager.is_back else ("Lay", "or lower")
    part = ", or less of it" if wager.takes_part else ""
    ends = (
        "" if left_s is None or job.until_ms is None else f"{left_s} s left, until {iso_of_ms(job.until_ms)[11:19]} UTC"
    )
    stage = _STAGES[job.stage].format(escape(job.person or "somebody"))
    words = f"<p class=soft>{escape(job.ids)}</p>" if job.ids != job.what else ""
    return (
        f'<article class="{job.stage}"><p class="{"warn" if job.stage is Stage.ASKED else "soft"}">'
        f"{stage} {ends}</p><p class=what>{escape(job.what)}</p>{words}"
        f"<p class=numbers>{side} with <strong>{wager.stake:f} {escape(wager.currency)}</strong>{part}"
        f" at <strong>{wager.limit_price:f}</strong> {than} · account {escape(wager.account)}</p>"
        f"{_deed(reader, job) if links else ''}</article>"
    )


def _deed(reader: Reader, job: Job) -> str:
    """What this reader can do with a job."""
    where = f"{ROOT}/jobs/{quote(job.wager.account)}/{job.wager.reference}"
    if job.stage is Stage.WAITING:
        return f'<form method=post action="{where}/take">{_csrf(reader)}<button>Take it</button></form>'
    if job.stage is Stage.ASKED or job.person == reader.person:
        return f'<p><a href="{where}">Say what became of it</a></p>'
    return ""


def _header(reader: Reader) -> str:
    return (
        f"<header><h1>Desk of {escape(reader.bookmaker)}</h1><nav><a href={ROOT}>Bets</a>"
        f"<a href={ROOT}/decisions>Decisions</a><form method=post action={ROOT}/sign-out>{_csrf(reader)}"
        f"<button class=plain>Sign out {escape(reader.person)}</button></form></nav></header>"
    )


def _csrf(reader: Reader) -> str:
    return f'<input type=hidden name=csrf value="{escape(reader.csrf)}">'


def _given(given: Mapping[str, str], name: str, default: str = "") -> str:
    return escape(given.get(name, default))


def _error(text: str) -> str:
    return f"<p class=warn role=alert>{escape(text)}</p>" if text else ""


def _page(title: str, body: str, *, refresh: bool = False) -> str:
    renew = f'<meta http-equiv="refresh" content="{_REFRESH_S}">' if refresh else ""
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>{renew}"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<link rel=stylesheet href={ROOT}/style.css></head><body><main>{body}</main></body></html>"
    )
