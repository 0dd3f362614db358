"""All pages, in the order of the menu. A new page is a module with a `PAGE`, and a line here."""

from __future__ import annotations

from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages import (
    abp_betslip,
    abp_lists,
    abp_order,
    bridge_desk,
    mm_lists,
    mm_order,
    mm_trading,
    operator_clients,
    operator_trading,
    overview,
    scraping_agents,
    scraping_playground,
)

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    mm_trading.PAGE,
    mm_lists.QUOTES,
    mm_lists.ACTIVITY,
    mm_lists.POSITIONS,
    mm_order.PAGE,
    abp_betslip.PAGE,
    abp_lists.ORDERS,
    abp_lists.ACCOUNTS,
    abp_lists.RESULTS,
    abp_order.PAGE,
    scraping_agents.AGENTS,
    scraping_agents.HEALTH,
    scraping_playground.PAGE,
    bridge_desk.PAGE,
    operator_clients.PAGE,
    operator_trading.ACCOUNTS,
    operator_trading.TOURNAMENTS,
    operator_trading.EMERGENCY,
)
