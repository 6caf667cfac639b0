"""The application: which address answers what."""
import asyncio
import contextlib
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from PIL import Image
from starlette.exceptions import HTTPException

from fcos_mm.serving.answers import Answer, Question, describe
from fcos_mm.serving.batching import Batcher, Job
from fcos_mm.serving.guard import Guard
from fcos_mm.serving.metrics import CONTENT_TYPE, Metrics
from fcos_mm.serving.page import page
from fcos_mm.serving.refusals import Refusal
from fcos_mm.serving.settings import Settings
from fcos_mm.serving.uploads import FIELD, Held, Receive, Upload, check_picture
from fcos_mm.version import __version__

_LOGGER = logging.getLogger('fcos_mm.serving')
_UNWANTED = 2.0  # a threshold that no score reaches
_BODY = {'requestBody': {'required': True, 'content': {
    'multipart/form-data': {'schema': {'type': 'object', 'required': [FIELD], 'properties': {
        FIELD: {'type': 'string', 'format': 'binary'}}}},
    'image/*': {'schema': {'type': 'string', 'format': 'binary'}}}}}


class Service:
    """What the addresses share.

    Args:
        detector: ``runtime.Detector`` with ``score_thr=0``, or what behaves like one.
        settings: Limits.
        name: Of the model's file.
        read: ``runtime.images.read_image``, or what behaves like it.
    """

    def __init__(self, detector, settings: Settings, name: str, read: Callable[..., Any]) -> None:
        self.settings, self.name, self.info = settings, name, detector.info
        self.metrics, self.held = Metrics(), Held(settings.max_held_bytes)
        self.batcher = Batcher(detector, settings, self.metrics, read)
        self.thresholds = (self.info.thresholds if settings.score_thr == 'auto'
                           else (settings.score_thr, ) * len(self.info.classes))
        self.metrics.gauges.update(
            fcos_mm_queue_length=('Pictures that wait.', lambda: len(self.batcher)),
            fcos_mm_upload_bytes=('Bytes of all uploads in memory.', lambda: self.held.bytes))

    @contextlib.asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Run the model's thread, and let it answer a first picture."""
        self.batcher.start()
        first = asyncio.get_running_loop().create_task(self._warm_up())
        try:
            yield
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await self.batcher.stop()

    async def _warm_up(self) -> None:
        file, side = BytesIO(), min(64, math.isqrt(self.settings.max_pixels))
        Image.new('RGB', (side, side), (127, 127, 127)).save(file, 'PNG')
        job = Job(data=file.getvalue(), pixels=side ** 2,
                  question=Question(thresholds=self.thresholds, drawn=False), counted=False)
        self.batcher.put(job)
        try:
            await job.future
        except Refusal as error:
            _LOGGER.error('The model could not answer a first picture: %s', error)

    def question(self, score_thr: float | None, classes: list[str] | None, drawn: bool) -> Question:
        """What a request asks.

        Raises:
            Refusal: Status 400, if the model has no class of a name.
        """
        limits = np.array(self.thresholds if score_thr is None
                          else [score_thr] * len(self.info.classes))
        for name in classes or ():
            if name not in self.info.classes:
                raise Refusal(400, f'classes={name[:80]}: the model has no such class. It has '
                                   f'{", ".join(self.info.classes)}. Several classes are written '
                                   'classes=A&classes=B.')
        if classes:
            limits[[name not in classes for name in self.info.classes]] = _UNWANTED
        return Question(thresholds=tuple(limits.tolist()), drawn=drawn)

    async def detect(self, request: Request, question: Question) -> tuple[Answer, float]:
        """Receive a picture and answer.

        Returns:
            The answer, and seconds since the upload was complete.

        Raises:
            Refusal: If there is no answer.
        """
        deadline = time.monotonic() + self.settings.timeout
        self.batcher.check_room()
        upload = Upload(dict(request.headers), self.settings.max_upload_bytes, self.held)
        try:
            data = await upload.read(request.receive, deadline)
            begin = time.monotonic()
            pixels = await check_picture(data, self.settings.max_pixels)
            job = Job(data=data, pixels=pixels, question=question)
            del data
            self.batcher.put(job)
            answer = await self._answer(job, request.receive, deadline)
            return answer, time.monotonic() - begin
        finally:
            upload.close()

    async def _answer(self, job: Job, receive: Receive, deadline: float) -> Answer:
        gone = asyncio.get_running_loop().create_task(_disconnect(receive))
        try:
            done, _ = await asyncio.wait({job.future, gone}, return_when=asyncio.FIRST_COMPLETED,
                                         timeout=max(deadline - time.monotonic(), 0))
            if job.future in done:
                return job.future.result()
            if gone in done:
                raise Refusal(Refusal.GONE, 'The client has gone away.')
            raise Refusal(504, f'No answer within {self.settings.timeout:g} seconds. Try again '
                               'later.')
        finally:
            gone.cancel()
            self.batcher.drop(job)

    def health(self) -> str | None:
        """What keeps the model from answering, or None."""
        if self.batcher.stuck:
            return 'the model has been working on a picture for too long'
        return None if self.batcher.answered else 'the model has not answered a picture yet'


async def _disconnect(receive: Receive) -> None:
    while (await receive())['type'] != 'http.disconnect':
        pass


def create_app(detector, settings: Settings | None = None, *, name: str = 'model',
               read: Callable[..., Any] | None = None) -> FastAPI:
    """The application of a detector, for uvicorn or another server of ASGI.

    Args:
        detector: ``fcos_mm.runtime.Detector`` with ``score_thr=0``: requests choose among its
            detections. It is called in one thread.
        settings: Limits.
        name: Of the model's file, for answers.
        read: Decodes a picture; ``fcos_mm.runtime.images.read_image`` if None.
    """
    if read is None:
        from fcos_mm.runtime.images import read_image as read
    service = Service(detector, settings or Settings(), name, read)
    app = FastAPI(title='fcos_mm', version=__version__, docs_url=None, redoc_url=None,
                  lifespan=service.running)
    app.state.service = service
    _add_detect(app, service)
    _add_facts(app, service)
    app.add_middleware(Guard, metrics=service.metrics, paths=(
        '/', '/detect', '/health', '/metrics', '/model', '/openapi.json'))
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _other)
    app.add_exception_handler(Exception, _failed)
    return app


def _add_detect(app: FastAPI, service: Service) -> None:

    @app.post('/detect', openapi_extra=_BODY)
    async def detect(
            request: Request,
            score_thr: Annotated[float | None, Query(ge=0, le=1)] = None,
            classes: Annotated[list[str] | None, Query()] = None,
            format: Annotated[Literal['json', 'image'], Query()] = 'json') -> Response:
        """Detect objects in a picture."""
        unknown = set(request.query_params) - {'score_thr', 'classes', 'format'}
        if unknown:
            raise Refusal(400, f'Unknown option {min(unknown)[:80]!r}. Known are score_thr, '
                               'classes and format.')
        question = service.question(score_thr, classes, format == 'image')
        answer, seconds = await service.detect(request, question)
        if answer.png is not None:
            return Response(answer.png, media_type='image/png')
        return JSONResponse({**answer.values, 'model': service.name,
                             'time_ms': round(seconds * 1000, 1)})


def _add_facts(app: FastAPI, service: Service) -> None:
    text, headers = page()

    @app.get('/', include_in_schema=False)
    async def index() -> Response:
        return Response(text, media_type='text/html', headers=headers)

    @app.get('/health')
    async def health() -> JSONResponse:
        """Whether the model answers: status 200 or 503."""
        reason = service.health()
        return JSONResponse({'status': 'ok'} if reason is None else {'error': reason},
                            status_code=200 if reason is None else 503)

    @app.get('/metrics')
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.metrics.text(), headers={'content-type': CONTENT_TYPE})

    @app.get('/model')
    async def model() -> JSONResponse:
        """Classes, thresholds and preprocessing of the model."""
        return JSONResponse(describe(service.info, service.name, service.thresholds))


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({'error': message}, status_code=status, headers=headers)


def _refused(_: Request, error: Refusal) -> JSONResponse:
    return _error(error.status, error.message, error.headers)


def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    given = json.dumps(str(first.get('input')))[:80]
    return _error(400, f'{first["loc"][-1]}={given}: {first["msg"]}.')


def _other(request: Request, error: HTTPException) -> JSONResponse:
    allowed = (error.headers or {}).get('Allow')
    hint = f' Use {allowed}.' if allowed else ' GET / is a page, POST /detect detects.'
    return _error(error.status_code, f'{error.detail}: {request.method[:20]} '
                                     f'{request.scope["path"][:200]}.{hint}', error.headers)


def _failed(_: Request, error: Exception) -> JSONResponse:
    return _error(500, 'The server failed on this request. Its log tells more.')
