"""The dashboard as a process."""

from __future__ import annotations

from hedgerow.api.server import Server
from hedgerow.core.config import Settings, certificate_files
from hedgerow.dashboard.app import create_app
from hedgerow.dashboard.sessions import Kind


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    certificate = certificate_files(settings.dashboard_certificate, settings.dashboard_certificate_key, "dashboard")
    urls = {
        Kind.MM: settings.mm_url,
        Kind.ABP: settings.abp_url,
        Kind.SCRAPING: settings.scraping_url,
        Kind.OPERATOR: settings.operator_url,
        Kind.DESK: settings.desk_urls,
    }
    app = create_app(
        {kind: url for kind, url in urls.items() if url},
        port=port,
        is_tls=certificate is not None or settings.dashboard_behind_tls,
    )
    await Server(app, host, port, certificate=certificate).serve()
