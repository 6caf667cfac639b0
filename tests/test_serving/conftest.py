"""A detector whose answer depends on the picture, and clients of an application around it."""
import asyncio
import contextlib
import dataclasses
import io
import threading
from types import SimpleNamespace

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image

from fcos_mm.errors import UserError
from fcos_mm.runtime.info import ModelInfo, Postprocessing, Preprocessing
from fcos_mm.serving.app import create_app
from fcos_mm.serving.settings import Settings

INFO = ModelInfo(
    version='0.1.0', mode='nms', precision='fp32', classes=('cup', 'jar'), category_ids=(10, 20),
    thresholds=(.5, .9), threshold_note='best F1', shape=(0, 0, 0),
    preprocessing=Preprocessing(scale=(64, 64), keep_ratio=True, channels='rgb', mean=(0, 0, 0),
                                std=(1, 1, 1), pad_divisor=32, pad_value=0),
    postprocessing=Postprocessing(score_thr=.05, nms_pre=1000, iou_threshold=.5, max_per_img=100,
                                  clip='after_nms', min_bbox_size=0, extra=0, strides=(8, )))


@dataclasses.dataclass(kw_only=True)
class Found:
    """As ``runtime.Detections``."""
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    image: np.ndarray

    def plot(self):
        """The picture, with its first pixel in red for each box."""
        image = self.image.copy()
        image[0, :len(self.boxes)] = 255, 0, 0
        return Image.fromarray(image)


class Detector:
    """As ``runtime.Detector``: finds two cups and a jar, the first as wide as the mean colour.

    Pictures whose first pixel is ``POISON`` make a batch fail. ``gate`` holds the model up.
    """
    POISON = (1, 2, 3)
    info = INFO

    def __init__(self):
        self.batches, self.gate, self.fails = [], threading.Event(), False
        self.gate.set()

    def __call__(self, images, batch_size=None):
        assert batch_size == len(images)
        assert self.gate.wait(20)
        self.batches.append(len(images))
        if self.fails or any(tuple(image[0, 0]) == self.POISON for image in images):
            raise RuntimeError('/secret/path')
        return [Found(boxes=np.array([[0, 0, image.mean(), 1], [1, 2, 3, 4], [2, 2, 5, 5]],
                                     np.float32),
                      scores=np.array([.95, .6, .3], np.float32), labels=np.array([0, 1, 0]),
                      image=image) for image in images]


def read(data, *, max_pixels):
    """As ``runtime.images.read_image``."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise UserError('not a picture')
    assert image.shape[0] * image.shape[1] <= max_pixels
    return image[..., ::-1]


def png(colour=(7, 7, 7), size=(8, 6)):
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new('RGB', size, colour).save(file, 'PNG')
    return file.getvalue()


class Client:
    """Requests to an application in this process.

    Attributes:
        http: ``httpx.AsyncClient``.
        detector, service: Of the application.
    """

    def __init__(self, app, detector):
        self.detector, self.service, self.app = detector, app.state.service, app
        self.http = httpx.AsyncClient(base_url='http://test', transport=httpx.ASGITransport(
            app=app, raise_app_exceptions=False))

    async def send(self, data=None, kind='image/png', **query):
        """Send a picture as the body."""
        return await self.http.post('/detect', content=png() if data is None else data,
                                    params=query, headers={'content-type': kind} if kind else {})

    async def metric(self, name):
        """The value of a line of ``/metrics``."""
        lines = (await self.http.get('/metrics')).text.splitlines()
        return next((float(line.rpartition(' ')[2]) for line in lines
                     if line.rpartition(' ')[0] == name), None)

    async def waiting(self, count):
        """Wait until some pictures wait in the queue, beside those that the model has."""
        await until(lambda: len(self.service.batcher) == count)

    async def held_up(self):
        """Hold the model up with a picture; returns the task of its request."""
        self.detector.gate.clear()
        task = asyncio.create_task(self.send())
        await until(lambda: self.service.batcher._running_since is not None)
        return task


async def until(condition):
    """Wait until a condition is met, for 10 seconds at most."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(.005)
    raise AssertionError('the condition is never met')


@contextlib.asynccontextmanager
async def running(ready=True, **settings):
    """A client of an application that runs."""
    detector = Detector()
    app = create_app(detector, Settings(**settings), name='tiny.onnx', read=read)
    client = Client(app, detector)
    async with app.router.lifespan_context(app), client.http:
        if ready:
            await until(lambda: client.service.batcher.answered)
            detector.batches.clear()
        try:
            yield client
        finally:
            detector.gate.set()


@pytest.fixture
def serve():
    """``serve(test, **settings)``: run ``await test(client)``; ``serve.png`` makes a picture."""

    def run(test, **settings):
        async def main():
            async with running(**settings) as client:
                return await test(client)

        return asyncio.run(main())

    run.png, run.until, run.detector, run.read = png, until, Detector, read
    return run


@pytest.fixture
def tools():
    """What tests make pictures and detectors with."""
    return SimpleNamespace(png=png, Detector=Detector, INFO=INFO, read=read)
