"""Many requests at once: batches, limits, failures."""
import asyncio

import pytest

from fcos_mm.errors import UserError
from fcos_mm.serving.refusals import Refusal


@pytest.mark.parametrize('size', [1, 7])
def test_each_of_200_requests_gets_its_own_answer(serve, size):
    async def test(client):
        answers = await asyncio.gather(*(client.send(serve.png((level, ) * 3))
                                         for level in range(200)))
        return [answer.json()['detections'][0]['box'][2] for answer in answers], client

    widths, client = serve(test, batch_size=size)
    assert widths == list(range(200))
    assert sum(client.detector.batches) == 200 and max(client.detector.batches) == size
    assert client.service.held.bytes == 0


def test_waiting_pictures_become_one_batch_and_fewer_do_not_wait_for_long(serve):
    async def test(client):
        first = await client.held_up()
        others = [asyncio.create_task(client.send()) for _ in range(5)]
        await client.waiting(5)
        client.detector.gate.set()
        await asyncio.gather(first, *others)
        return client.detector.batches

    assert serve(test, batch_size=4) == [1, 4, 1]


def test_a_batch_has_as_many_pixels_as_one_picture_may(serve):
    async def test(client):
        first = await client.held_up()
        others = [asyncio.create_task(client.send(serve.png(size=(10, 10)))) for _ in range(5)]
        await client.waiting(5)
        client.detector.gate.set()
        await asyncio.gather(first, *others)
        return client.detector.batches

    assert serve(test, batch_size=4, max_pixels=4096) == [1, 4, 1]
    assert serve(test, batch_size=4, max_pixels=200) == [1, 2, 2, 1]


def test_a_picture_that_fails_in_a_batch_fails_alone(serve, caplog):
    async def test(client):
        first = await client.held_up()
        pictures = [serve.png(), serve.png(serve.detector.POISON), serve.png((9, 9, 9)),
                    serve.png()[:-20]]
        others = [asyncio.create_task(client.send(one)) for one in pictures]
        await client.waiting(4)
        client.detector.gate.set()
        await first
        return await asyncio.gather(*others)

    good, poison, other, cut = serve(test, batch_size=4)
    assert [answer.status_code for answer in (good, poison, other)] == [200, 500, 200]
    assert good.json()['detections'][0]['box'][2] == 7
    assert other.json()['detections'][0]['box'][2] == 9
    assert poison.json() == {
        'error': 'The model failed on this picture. The log of the server tells more.'}
    assert '/secret/path' in caplog.text
    assert cut.status_code in (200, 400)  # as the reader decides


def test_a_picture_that_the_reader_refuses(serve):
    def refuse(data, *, max_pixels):
        raise UserError('The data is cut off.\nSend all of it.')

    async def test(client):
        client.service.batcher._read = refuse
        return await client.send()

    answer = serve(test)
    assert (answer.status_code, answer.json()) == (
        400, {'error': 'The data is cut off. Send all of it.'})


def test_an_unexpected_number_of_answers_is_an_error_and_not_the_end(serve):
    async def test(client):
        call, client.service.batcher.detector = client.detector, lambda *_, **__: []
        failed = await client.send()
        client.service.batcher.detector = call
        return failed.status_code, (await client.send()).status_code

    assert serve(test) == (500, 200)


def test_a_full_queue_refuses_before_the_body_is_read(serve):
    async def test(client):
        first = await client.held_up()
        others = [asyncio.create_task(client.send()) for _ in range(3)]
        await client.waiting(3)

        async def never():
            raise AssertionError('the body is read')
            yield b''

        refused = await client.http.post('/detect', content=never(),
                                         headers={'content-type': 'image/png'})
        client.detector.gate.set()
        answers = await asyncio.gather(first, *others)
        return refused, [answer.status_code for answer in answers]

    refused, statuses = serve(test, max_queue=3)
    assert refused.status_code == 503 and int(refused.headers['retry-after']) >= 1
    assert refused.json() == {'error': '3 pictures wait already. Try again later.'}
    assert statuses == [200] * 4


def test_a_request_that_waits_too_long_leaves_the_queue(serve):
    async def test(client):
        first = await client.held_up()
        late = await client.send()
        waiting = len(client.service.batcher)
        client.detector.gate.set()
        status = (await first).status_code
        while not client.detector.batches:  # it answered before the detector went on
            await asyncio.sleep(0.01)
        return late, waiting, status, client.detector.batches, client.service

    late, waiting, first, batches, service = serve(test, timeout=1)
    assert (late.status_code, waiting, first, batches) == (504, 0, 504, [1])
    assert late.json() == {'error': 'No answer within 1 seconds. Try again later.'}
    assert service.held.bytes == 0


def request(data, *later):
    """A request of ASGI with a picture, and what comes after it."""
    scope = dict(type='http', method='POST', path='/detect', raw_path=b'/detect', query_string=b'',
                 headers=[(b'content-type', b'image/png')], http_version='1.1', scheme='http',
                 root_path='', client=None, server=None)
    messages = [dict(type='http.request', body=data, more_body=False), *later]

    async def receive():
        if messages:
            return messages.pop(0)
        await asyncio.sleep(60)

    return scope, receive


def test_the_picture_of_a_client_that_has_gone_away_is_skipped(serve):
    async def test(client):
        first = await client.held_up()
        sent = []

        async def send(message):
            sent.append(message.get('status'))

        await client.app(*request(serve.png(), dict(type='http.disconnect')), send)
        waiting = len(client.service.batcher)
        client.detector.gate.set()
        await first
        await client.send()
        name = 'fcos_mm_requests_total{path="/detect",status="499"}'
        return sent[0], waiting, client.detector.batches, await client.metric(name)

    assert serve(test) == (Refusal.GONE, 0, [1, 1], 1)


def test_a_client_that_goes_away_during_its_upload(serve):
    async def test(client):
        scope, receive = request(b'', dict(type='http.disconnect'))
        messages = [dict(type='http.request', body=b'abc', more_body=True),
                    dict(type='http.disconnect')]

        async def leaving():
            return messages.pop(0)

        async def send(message):
            pass

        await client.app(scope, leaving, send)
        return client.service.held.bytes, client.detector.batches

    assert serve(test) == (0, [])
