"""A Scrapy project of one spider, as its documentation shows one: links followed, forms posted, items yielded.

Given `handler`, its requests go through AgentHandler, else through the proxy front as Scrapy takes any proxy.
"""

from __future__ import annotations

import json
import sys

from scrapy import Spider, signals
from scrapy.crawler import CrawlerProcess
from scrapy.http import FormRequest, Request

GIVEN = json.loads(sys.argv[1])
sys.path.insert(0, GIVEN["source"])
SITE, HANDLER = GIVEN["site"], GIVEN["handler"]
SEEN = {"items": [], "errors": [], "metas": []}


def via(geo: str | None = None, agent: str | None = None) -> dict[str, object]:
    """A request's meta that chooses."""
    if HANDLER:
        return {"front_geo": geo.split(",") if geo else None, "front_agent": agent}
    options = "_".join(f"{name}-{value}" for name, value in (("country", geo), ("agent", agent)) if value)
    return {"proxy": GIVEN["front"].replace("://", f"://{GIVEN['key']}:{options}@")}


class Walker(Spider):
    name = "walker"

    async def start(self):
        yield Request(f"{SITE}/redirect?to=/echo?plain", self.parse, meta=via(geo="US"), errback=self.failed)
        yield FormRequest(f"{SITE}/echo?form", formdata={"a": "1"}, meta=via(agent="de1"), callback=self.parse)
        yield Request(f"{GIVEN['secure']}/echo?tls", self.parse, meta=via(geo="DE"), errback=self.failed)
        yield Request(f"{GIVEN['secure']}/sized/300000", self.sized, meta=via())
        for url in ("http://10.0.0.1/", "http://127.0.0.1:1/", "https://10.0.0.1/"):
            yield Request(url, self.parse, meta=via(), errback=self.failed)

    def parse(self, response):
        SEEN["metas"].append(str(response.request.meta) + str(response.request.headers))
        told = json.loads(response.text) if response.text.startswith("{") else {}
        through = response.headers.get("Proxy-Status", b"").decode()
        path = told.get("path") or response.url
        yield {"path": path, "body": told.get("body"), "sent": str(told), "status": response.status, "via": through}
        if path == "/echo?plain":
            yield response.follow("/echo?followed", self.parse, meta=via(geo="US"))

    def sized(self, response):
        yield {"path": "/sized", "body": len(response.body), "sent": "", "status": response.status, "via": ""}

    def failed(self, failure):
        SEEN["errors"].append([failure.request.url, failure.type.__name__, failure.getErrorMessage()])


def keep(item):
    SEEN["items"].append(item)


SETTINGS = {"LOG_ENABLED": False, "RETRY_TIMES": 1, "HTTPERROR_ALLOW_ALL": True, "TELNETCONSOLE_ENABLED": False}
if HANDLER:
    SETTINGS |= {
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), "hedgerow.scraping.scrapy.AgentHandler"),
        "FRONT_URL": GIVEN["front"],
        "FRONT_KEY": GIVEN["key"],
    }
process = CrawlerProcess(SETTINGS)
crawler = process.create_crawler(Walker)
crawler.signals.connect(keep, signals.item_scraped, weak=False)
process.crawl(crawler)
process.start()
SEEN["stats"] = {name: crawler.stats.get_value(name) for name in ("retry/count", "finish_reason")}
sys.stdout.write(json.dumps(SEEN))
