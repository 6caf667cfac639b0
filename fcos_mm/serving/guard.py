"""What every request passes: it is counted, and its answer gets the headers of security."""
import time
from collections.abc import Iterable

from fcos_mm.serving.metrics import Metrics

_HEADERS = ((b'x-content-type-options', b'nosniff'), (b'referrer-policy', b'no-referrer'),
            (b'cache-control', b'no-store'), (b'cross-origin-resource-policy', b'same-origin'))


class Guard:
    """A middleware of ASGI.

    Args:
        app: What answers.
        metrics: Counts requests.
        paths: Known ones; all others are counted as one.
    """

    def __init__(self, app, metrics: Metrics, paths: Iterable[str]) -> None:
        self.app, self.metrics, self.paths = app, metrics, frozenset(paths)

    async def __call__(self, scope, receive, send) -> None:
        if scope['type'] != 'http':
            await self.app(scope, receive, send)
            return
        begin, status = time.monotonic(), 500

        async def sending(message) -> None:
            nonlocal status
            if message['type'] == 'http.response.start':
                status = message['status']
                message = {**message, 'headers': [*message.get('headers', ()), *_HEADERS]}
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            path = scope['path'] if scope['path'] in self.paths else 'other'
            self.metrics.requests[path, status] += 1
            if path == '/detect':
                self.metrics.latency.add(time.monotonic() - begin)
