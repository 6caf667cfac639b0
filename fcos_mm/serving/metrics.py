"""Counters in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
_SECONDS = (.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32)


class Histogram:
    """How many values are at most as large as each bound, their sum and their number.

    Args:
        bounds: Ascending; a last one, infinity, is added.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.counts, self.sum = (*bounds, float('inf')), [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def lines(self, name: str) -> Iterator[str]:
        """The lines of the format; ``name`` is that of the metric."""
        total = 0
        for bound, count in zip(self.bounds, self.counts):
            total += count
            text = '+Inf' if bound == float('inf') else f'{bound:g}'
            yield f'{name}_bucket{{le="{text}"}} {total}'
        yield f'{name}_sum {self.sum:g}'
        yield f'{name}_count {total}'


class Metrics:
    """What the server counts of requests. All methods are called in the thread of the event loop.

    Attributes:
        requests: By (path, status).
        images: Pictures with an answer.
        detections: In these answers.
        batches: Pictures of each batch.
        latency: Seconds of each answered request to ``/detect``, refusals included.
        model: Seconds of each batch: decoding, model and drawing.
        gauges: Functions that return a current value, by name; see :meth:`text`.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.images = self.detections = 0
        self.batches, self.latency, self.model = (
            Histogram(bounds) for bounds in (_SIZES, _SECONDS, _SECONDS))
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {
            'process_resident_memory_bytes': ('Memory of the process.', resident_bytes)}

    def text(self) -> str:
        """All metrics."""
        return '\n'.join(self._lines()) + '\n'

    def _lines(self) -> Iterator[str]:
        yield from _head('fcos_mm_requests_total', 'counter', 'Answered requests.')
        for (path, status), count in sorted(self.requests.items()):
            yield f'fcos_mm_requests_total{{path="{path}",status="{status}"}} {count}'
        for name, text, value in (
                ('images', 'Pictures with an answer.', self.images),
                ('detections', 'Detections in the answers.', self.detections)):
            yield from _head(f'fcos_mm_{name}_total', 'counter', text)
            yield f'fcos_mm_{name}_total {value}'
        for name, text, histogram in (
                ('batch_size', 'Pictures of a batch.', self.batches),
                ('request_seconds', 'From a request to /detect to its answer.', self.latency),
                ('model_seconds', 'Decoding, model and drawing of a batch.', self.model)):
            yield from _head(f'fcos_mm_{name}', 'histogram', text)
            yield from histogram.lines(f'fcos_mm_{name}')
        for name, (text, read) in self.gauges.items():
            yield from _head(name, 'gauge', text)
            yield f'{name} {read():.10g}'


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f'# HELP {name} {text}'
    yield f'# TYPE {name} {kind}'


def resident_bytes() -> float:
    """Memory of this process; not a number where the system does not tell."""
    try:
        with open('/proc/self/statm') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except (OSError, ValueError):
        return float('nan')
