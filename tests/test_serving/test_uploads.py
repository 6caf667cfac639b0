"""Uploads that are too large, damaged, slow or no pictures."""
import asyncio
import io
import struct
import time
import zlib

import httpx
import pytest
from PIL import Image

from fcos_mm.serving.refusals import Refusal
from fcos_mm.serving.uploads import FORMATS, Held, Upload

LIMIT = 5000


def huge_png(width, height):
    """A PNG file of a few kilobytes with all its pixels, and none after the first rows."""
    def chunk(name, data):
        return (struct.pack('>I', len(data)) + name + data
                + struct.pack('>I', zlib.crc32(name + data)))

    return (b'\x89PNG\r\n\x1a\n'
            + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(bytes(1_000_000))) + chunk(b'IEND', b''))


async def pieces(count, size=1000):
    for _ in range(count):
        yield b'x' * size


@pytest.mark.parametrize('size', [(30_000, 30_000), (10_000, 5_000), (2 ** 31 - 1, 1)])
def test_a_picture_with_too_many_pixels_is_not_decoded(serve, size):
    async def test(client):
        client.service.batcher._read = None
        return await client.send(huge_png(*size))

    answer = serve(test)
    assert answer.status_code == 413 and 'pixels' in answer.json()['error']


def test_the_limits_are_inclusive(serve):
    picture = serve.png(size=(20, 10))
    limits = dict(max_pixels=200, max_upload_bytes=len(picture))
    assert serve(lambda client: client.send(picture), **limits).status_code == 200
    limits['max_upload_bytes'] -= 1
    assert serve(lambda client: client.send(picture), **limits).status_code == 413
    limits = dict(max_pixels=199)
    assert serve(lambda client: client.send(picture), **limits).status_code == 413


def test_an_upload_that_says_it_is_too_large_is_not_read(serve):
    async def test(client):
        return await client.http.post('/detect', content=pieces(0), headers={
            'content-type': 'image/png', 'content-length': '99999999999999999999999'})

    answer = serve(test)
    assert answer.status_code == 413
    assert answer.json() == {'error': 'The upload is larger than this server takes: 10 MB. '
                                      'Send a smaller file.'}


@pytest.mark.parametrize('headers', [{}, {'content-length': '10'}])
def test_an_upload_in_pieces_is_read_up_to_the_limit(serve, headers):
    read = []

    async def counted():
        async for piece in pieces(100):
            read.append(piece)
            yield piece

    async def test(client):
        answer = await client.http.post('/detect', content=counted(), headers={
            'content-type': 'image/png', **headers})
        return answer.status_code, client.service.held.bytes

    assert serve(test, max_upload_bytes=LIMIT) == (413, 0)
    assert len(read) == LIMIT // 1000 + 1


def test_a_form_is_read_up_to_the_limit(serve):
    async def test(client):
        return [await client.http.post('/detect', files={'image': b'x' * size})
                for size in (LIMIT - 100, LIMIT + 1, 3 * LIMIT)]

    statuses = [answer.status_code for answer in serve(test, max_upload_bytes=LIMIT)]
    assert statuses == [400, 413, 413]  # the first is no picture


@pytest.mark.parametrize('data', [b'text', b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff', b'GIF89a',
                                  b'<svg xmlns="http://www.w3.org/2000/svg"/>',
                                  b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n'])
def test_no_picture(serve, data):
    answer = serve(lambda client: client.send(data))
    assert answer.status_code == 400
    assert answer.json()['error'].startswith('This is no picture that can be read, or it is damag')


@pytest.mark.parametrize('name', FORMATS)
def test_known_formats(serve, name):
    file = io.BytesIO()
    Image.new('RGB', (8, 6), (7, 7, 7)).save(file, name)
    assert serve(lambda client: client.send(file.getvalue())).status_code == 200


def test_an_empty_body(serve):
    answer = serve(lambda client: client.send(b''))
    assert answer.status_code == 400 and 'empty' in answer.json()['error']


@pytest.mark.parametrize('kind', ['text/plain', 'application/json', 'imagesque/png', 'x' * 500,
                                  'application/x-www-form-urlencoded'])
def test_another_type(serve, kind):
    answer = serve(lambda client: client.send(kind=kind))
    assert answer.status_code == 415
    assert 'curl -F image=@picture.jpg' in answer.json()['error']
    assert len(answer.json()['error']) < 400


@pytest.mark.parametrize('form, words', [
    (dict(files={'file': b'x'}), "The form has a field 'file', and only 'image' is known"),
    (dict(files={'image': b'x'}, data={'score_thr': '0.5'}), "a field 'score_thr'"),
    (dict(files=[('image', b'x'), ('image', b'y')]), 'Send one picture with each request'),
    (dict(files={'image': b''}), 'it is empty'),
    (dict(files={'x' * 900: b''}), f"a field '{'x' * 80}',")])
def test_other_fields(serve, form, words):
    answer = serve(lambda client: client.http.post('/detect', **form))
    assert answer.status_code == 400
    assert words in answer.json()['error']


@pytest.mark.parametrize('kind, body', [
    ('multipart/form-data', b'x'), ('multipart/form-data; boundary=', b'x'),
    ('multipart/form-data; boundary=' + 'b' * 500, b'x'),
    ('multipart/form-data; boundary=b', b'other'), ('multipart/form-data; boundary=b', b''),
    ('multipart/form-data; boundary=b', b'--b\r\nno header\r\n\r\n'),
    ('multipart/form-data; boundary=b', b'--b\r\n\r\nno name\r\n--b--\r\n'),
    ('multipart/form-data; boundary=b', b'--b--\r\n'),
    ('multipart/form-data; boundary=b', b'--b\r\n' + b'x: y\r\n' * 999),
    ('multipart/form-data; boundary=b',
     b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\ncut off')])
def test_a_damaged_form(serve, kind, body):
    answer = serve(lambda client: client.send(body, kind=kind))
    assert answer.status_code == 400
    assert answer.json()['error'].startswith('The form ')


def test_a_form_in_pieces_of_any_size(serve):
    whole = httpx.Request('POST', 'http://x', files={'image': serve.png()})
    body = whole.read()

    async def cut(size):
        for start in range(0, len(body), size):
            yield body[start:start + size]

    async def test(client):
        return [(await client.http.post('/detect', content=cut(size), headers={
            'content-type': whole.headers['content-type']})).status_code for size in (1, 2, 7, 50)]

    assert serve(test) == [200] * 4


def upload(messages, deadline=9., limit=LIMIT, held=None):
    """Read an upload in the messages of ASGI; a number is a pause in seconds."""
    messages = list(messages)

    async def receive():
        if isinstance(messages[0], (int, float)):
            await asyncio.sleep(messages.pop(0))
        return dict(type='http.request', body=messages.pop(0), more_body=bool(messages))

    one = Upload({'content-type': 'image/png'}, limit, held or Held(10 ** 9))
    return asyncio.run(one.read(receive, time.monotonic() + deadline))


def test_a_slow_upload():
    with pytest.raises(Refusal) as refused:
        upload([b'x', 60, b'y'], deadline=.05)
    assert refused.value.status == 408
    assert upload([b'x', .01, b'y']) == b'xy'


def test_all_uploads_together_are_limited():
    held = Held(10)
    held.take(8)
    assert upload([b'x', b'y'], held=held) == b'xy'
    with pytest.raises(Refusal) as refused:
        upload([b'z'], held=held)
    assert (refused.value.status, held.bytes) == (503, 10)
