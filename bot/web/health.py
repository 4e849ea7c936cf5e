"""`/healthz`, `/readyz` and `/metrics`, on a listener of their own that belongs on loopback.

`/healthz` says that the process lives, `/readyz` whether it can do its work (503 where not, each check with a sentence
that says why), `/metrics` counts in the text format of Prometheus.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.errors import StoreError
from bot.metrics import COUNTERS, Metrics
from bot.services.health import Gauges, Health
from bot.web.listening import listen


@asynccontextmanager
async def serve_health(host: str, port: int, *, health: Health, metrics: Metrics) -> AsyncIterator[None]:
    """Listen on `host:port`. Raises StartError when somebody else does."""

    async def readyz(_request: web.Request) -> web.Response:
        checks = await health.checks()
        ready = all(check.ok for check in checks)
        body = {
            "ready": ready,
            "checks": [{"name": check.name, "ok": check.ok, "says": check.says} for check in checks],
        }
        return web.json_response(body, status=200 if ready else 503)

    async def metrics_page(_request: web.Request) -> web.Response:
        try:
            gauges = await health.gauges()
        except StoreError:
            gauges = None
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Page(list(_families(metrics, gauges))))
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", metrics_page)
    async with listen(application, host, port, settings="HEALTH_HOST, HEALTH_PORT"):
        yield


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _families(metrics: Metrics, gauges: Gauges | None) -> Iterator[Metric]:
    yield GaugeMetricFamily("pressroom_up", "Whether the database answers", value=float(gauges is not None))
    counters: dict[str, CounterMetricFamily] = {}
    for sample in metrics.samples():
        help_text, labels = COUNTERS[sample.name]
        family = counters.setdefault(
            sample.name, CounterMetricFamily(f"pressroom_{sample.name}", help_text, labels=labels)
        )
        family.add_metric(sample.labels, sample.value)
    yield from counters.values()
    if gauges is None:
        return
    rows = GaugeMetricFamily("pressroom_outbox_rows", "Deliveries, by where they stand", labels=["state"])
    for state, count in sorted(gauges.deliveries.items()):
        rows.add_metric([state], count)
    yield rows
    for name, help_text, value in (
        ("outbox_oldest_seconds", "Age of the oldest delivery that waits", gauges.oldest_seconds),
        ("stopped_channels", "Channels that refuse everything", gauges.stopped_channels),
        ("floods_waiting", "Times most of a newsletter looked new and nobody decided yet", gauges.floods_waiting),
        ("gateway_shards_connected", "Shards with a connection", gauges.shards_connected),
        ("gateway_shards", "Shards there should be", gauges.shards),
    ):
        yield GaugeMetricFamily(f"pressroom_{name}", help_text, value=value)


class _Page:
    """What Prometheus's client asks for its families: those of one moment."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families
