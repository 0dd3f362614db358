"""What every answer that comes in pages begins with."""

from __future__ import annotations

from hedgerow.api.models import Model


class Page(Model):
    total: int
    page: int
    page_size: int
    total_pages: int
