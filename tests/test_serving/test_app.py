"""What each address answers."""
import asyncio
import io
import json

import numpy as np
import pytest
from PIL import Image

from fcos_mm.serving.app import create_app

ROWS = [dict(name='cup', label=0, category_id=10, score=.95, box=[0, 0, 7, 1]),
        dict(name='jar', label=1, category_id=20, score=.6, box=[1, 2, 3, 4]),
        dict(name='cup', label=0, category_id=10, score=.3, box=[2, 2, 5, 5])]


@pytest.mark.parametrize('query, kept', [
    ({}, [0]), ({'score_thr': 0}, [0, 1, 2]), ({'score_thr': '0.6'}, [0, 1]),
    ({'score_thr': 0, 'classes': 'jar'}, [1]), ({'classes': 'jar'}, []),
    ({'score_thr': 0, 'classes': ['jar', 'cup']}, [0, 1, 2]), ({'score_thr': 1}, [])])
def test_detections_above_the_thresholds(serve, query, kept):
    answer = serve(lambda client: client.send(**query))
    assert answer.status_code == 200
    told = answer.json()
    assert told.pop('time_ms') > 0
    assert told == dict(image=dict(width=8, height=6), model='tiny.onnx',
                        detections=[ROWS[index] for index in kept])


def test_the_default_threshold_is_a_setting(serve):
    answer = serve(lambda client: client.send(), score_thr=.5)
    assert answer.json()['detections'] == ROWS[:2]


def test_a_form_and_a_body_of_unnamed_type(serve):
    async def test(client):
        forms = [await client.http.post('/detect', files={'image': name}) for name in (
            ('a.png', serve.png(), 'image/png'), ('../../etc/passwd', serve.png(), 'text/x'))]
        bodies = [await client.send(kind=kind) for kind in (
            None, 'application/octet-stream', 'image/whatever; a=b')]
        return [one.json()['detections'] for one in forms + bodies]

    assert serve(test) == [ROWS[:1]] * 5


def test_the_drawn_picture(serve):
    answer = serve(lambda client: client.send(format='image', score_thr=.5))
    assert answer.headers['content-type'] == 'image/png'
    pixels = np.array(Image.open(io.BytesIO(answer.content)))
    assert pixels[0, :3].tolist() == [[255, 0, 0], [255, 0, 0], [7, 7, 7]]


@pytest.mark.parametrize('query, words', [
    ({'score_thr': 'high'}, 'score_thr="high": '), ({'score_thr': 1.5}, 'score_thr="1.5": '),
    ({'score_thr': 'nan'}, 'score_thr="nan": '), ({'format': 'xml'}, 'format="xml": '),
    ({'score': .5}, "Unknown option 'score'. Known are score_thr, classes and format."),
    ({'classes': 'bowl'}, 'classes=bowl: the model has no such class. It has cup, jar.'),
    ({'classes': 'cup,jar'}, 'Several classes are written classes=A&classes=B')])
def test_wrong_options(serve, query, words):
    answer = serve(lambda client: client.send(**query))
    assert answer.status_code == 400
    assert words in answer.json()['error']


def test_health_after_the_first_picture(serve):
    answer = serve(lambda client: client.http.get('/health'))
    assert (answer.status_code, answer.json()) == (200, {'status': 'ok'})


def test_health_before_the_first_picture(tools):
    service = create_app(tools.Detector(), read=tools.read).state.service
    assert service.health() == 'the model has not answered a picture yet'


def test_health_while_the_model_cannot_answer(tools):
    async def main():
        detector = tools.Detector()
        detector.fails = True
        app = create_app(detector, read=tools.read)
        service = app.state.service
        async with app.router.lifespan_context(app):
            while not detector.batches or service.batcher._running_since:
                await asyncio.sleep(.005)
            return service.health()

    assert asyncio.run(main()) == 'the model has not answered a picture yet'


def test_health_while_a_picture_takes_too_long(serve):
    async def test(client):
        client.detector.gate.clear()
        late = await client.send()
        await serve.until(lambda: client.service.batcher.stuck)
        return late, await client.http.get('/health')

    late, health = serve(test, timeout=1)
    assert late.status_code == 504
    assert health.status_code == 503 and 'too long' in health.json()['error']


def test_the_model(serve, tools):
    answer = serve(lambda client: client.http.get('/model'), score_thr=.25)
    assert answer.json() == {**json.loads(tools.INFO.to_json()), 'model': 'tiny.onnx',
                             'thresholds': [.25, .25]}


def test_other_addresses_and_methods(serve):
    async def test(client):
        return [await client.http.request(*words) for words in (
            ('GET', '/docs'), ('GET', '/redoc'), ('GET', '/../setup.py'), ('GET', '/detect'),
            ('POST', '/model'))]

    answers = serve(test)
    assert [answer.status_code for answer in answers] == [404, 404, 404, 405, 405]
    assert answers[0].json()['error'] == (
        'Not Found: GET /docs. GET / is a page, POST /detect detects.')
    assert answers[3].json()['error'] == 'Method Not Allowed: GET /detect. Use POST.'
    assert answers[3].headers['allow'] == 'POST'


def test_every_answer_has_the_headers_of_security(serve):
    async def test(client):
        return [await client.http.get(path) for path in ('/', '/health', '/nowhere')]

    for answer in serve(test):
        assert answer.headers['x-content-type-options'] == 'nosniff'
        assert answer.headers['cache-control'] == 'no-store'


def test_the_description_for_programs(serve):
    told = serve(lambda client: client.http.get('/openapi.json')).json()
    assert set(told['paths']) == {'/detect', '/health', '/metrics', '/model'}
    body = told['paths']['/detect']['post']['requestBody']['content']
    assert set(body) == {'multipart/form-data', 'image/*'}
    assert {one['name'] for one in told['paths']['/detect']['post']['parameters']} == {
        'score_thr', 'classes', 'format'}


def test_metrics_count_what_happened(serve):
    async def test(client):
        for query in ({}, {}, {'score_thr': 0}, {'format': 'xml'}):
            await client.send(**query)
        await client.send(b'no picture')
        await client.http.get('/a%22%7D%0Ab')
        return [await client.metric(name) for name in (
            'fcos_mm_requests_total{path="/detect",status="200"}',
            'fcos_mm_requests_total{path="/detect",status="400"}',
            'fcos_mm_requests_total{path="other",status="404"}',
            'fcos_mm_images_total', 'fcos_mm_detections_total', 'fcos_mm_queue_length',
            'fcos_mm_upload_bytes', 'fcos_mm_batch_size_count', 'fcos_mm_request_seconds_count',
            'fcos_mm_request_seconds_bucket{le="+Inf"}')]

    # the server's own first picture is in none of them
    assert serve(test) == [3, 2, 1, 3, 1 + 1 + 3, 0, 0, 3, 5, 5]


def test_a_request_beside_the_first_picture_is_counted_alone(serve):
    async def test(client):
        await client.send()
        await serve.until(lambda: sum(client.detector.batches) == 2)
        return [await client.metric(name) for name in (
            'fcos_mm_images_total', 'fcos_mm_batch_size_sum', 'fcos_mm_model_seconds_count')]

    assert serve(test, ready=False, batch_size=2) == [1, 1, 1]


def test_memory_is_a_metric(serve):
    async def test(client):
        return await client.metric('process_resident_memory_bytes')

    assert serve(test) > 1e6
