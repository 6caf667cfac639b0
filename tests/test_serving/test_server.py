"""A server as a process: its start, its end, and clients that break the rules of HTTP."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fcos_mm.cli import main, serve
from fcos_mm.errors import UserError
from fcos_mm.serving.server import address_of, listen, settings_of

ROOT = Path(__file__).resolve().parents[2]
SERVER = '''
import pathlib, sys, time
import conftest
from fcos_mm.serving import Settings, create_app
from fcos_mm.serving.server import listen, serve

class Slow(conftest.Detector):
    def __call__(self, images, batch_size=None):
        while pathlib.Path(sys.argv[1]).exists():
            time.sleep(.01)
        return super().__call__(images, batch_size)

app = create_app(Slow(), Settings(idle_timeout=1, max_upload_bytes=5000, timeout=60),
                 name='tiny.onnx', read=conftest.read)
status = serve(app, listen('127.0.0.1', 0), 'tiny.onnx')
print({'torch', 'mmengine', 'mmcv', 'mmdet', 'fcos_mm.config'} & set(sys.modules))
sys.exit(status)
'''


class Server:
    """A running server, whose detector waits while there is a file ``gate``."""

    def __init__(self, gate):
        path = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
        self.process = subprocess.Popen(
            [sys.executable, '-c', SERVER, str(gate)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': path})
        line = self.process.stdout.readline()
        assert line.startswith('Serving tiny.onnx on http://127.0.0.1:'), line
        self.address = re.search('http://[0-9.]+:([0-9]+)', line)[0]
        self.port = int(self.address.rpartition(':')[2])
        for _ in range(1000):
            if httpx.get(f'{self.address}/health').status_code == 200:
                return
            time.sleep(.02)
        raise AssertionError('no picture is answered')

    def talk(self, *pieces, close=True, timeout=15):
        """Send bytes, and return what is answered until the connection is closed."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=timeout) as connection:
            answer = b''
            try:
                for piece in pieces:
                    connection.sendall(piece)
                if close:
                    connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    answer += part
            except TimeoutError:
                raise
            except OSError:  # the server has closed the connection
                pass
            return answer

    def stop(self, number):
        """Send a signal; returns the exit status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture(scope='module')
def server():
    one = Server('no such file')
    yield one
    assert one.stop(signal.SIGTERM) == 0


def post(server, tools, **options):
    return httpx.post(f'{server.address}/detect', content=tools.png(),
                      headers={'content-type': 'image/png'}, timeout=60, **options)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_once_what_waits_is_answered(tools, number, tmp_path):
    gate = tmp_path / 'gate'
    server = Server(gate)
    gate.touch()
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(post, server, tools) for _ in range(3)]
        until = time.monotonic() + 30
        while 'fcos_mm_queue_length 2\n' not in httpx.get(f'{server.address}/metrics').text:
            assert time.monotonic() < until
            time.sleep(.02)
        server.process.send_signal(number)
        gate.unlink()
        assert [one.result().status_code for one in waiting] == [200] * 3
    out, err = server.process.communicate(timeout=30)
    # neither torch nor an OpenMMLab package was imported
    assert (server.process.returncode, out.splitlines(), err) == (0, ['Stopped.', 'set()'], '')


def test_clients_that_send_no_whole_request_are_cut_off(server):
    sent = (b'GET / HTTP/1.1\r\nHost: x\r\nA: ', b'', b'POST /detect HTTP/1.1\r\nHost: x\r\nCont',
            b'GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n')
    with ThreadPoolExecutor() as pool:  # `talk` fails unless the server ends the connection
        list(pool.map(lambda words: server.talk(words, close=False), sent))
    assert httpx.get(f'{server.address}/health').status_code == 200


def test_a_body_without_an_end_is_refused_and_cut_off(server):
    head = b'POST /detect HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n'
    chunk = b'1000\r\n' + b'x' * 4096 + b'\r\n'
    answer = server.talk(head + b'Transfer-Encoding: chunked\r\n\r\n', *[chunk] * 50, close=False)
    assert answer.startswith(b'HTTP/1.1 413 ')
    answer = server.talk(head + b'Content-Length: 999999999\r\n\r\n', b'x' * 200_000, close=False)
    assert answer.startswith(b'HTTP/1.1 413 ')


def test_a_body_shorter_than_announced_is_left_behind(server, tools):
    server.talk(b'POST /detect HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n'
                b'Content-Length: 400\r\n\r\n', tools.png())
    assert post(server, tools).status_code == 200
    assert 'fcos_mm_upload_bytes 0\n' in httpx.get(f'{server.address}/metrics').text


@pytest.mark.parametrize('sent', [
    b'nonsense\r\n\r\n', b'GET / HTTP/1.1\r\n\r\n', b'GET / HTTP/1.1\r\nHost: x\r\nA' * 5000,
    b'POST /detect HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    b'POST /detect HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    b'POST /detect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'])
def test_what_is_not_http(server, sent):
    answer = server.talk(sent, close=False)
    assert re.match(rb'HTTP/1.1 (400|415) ', answer) or answer == b''
    assert httpx.get(f'{server.address}/health').status_code == 200


def test_no_header_comes_from_the_client(server):
    answer = server.talk(b'GET /x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\n'
                         b'Connection: close\r\n\r\n', close=False)
    head, _, body = answer.partition(b'\r\n\r\n')
    assert b'404' in head and b'cookie' not in head.lower() and b'uvicorn' not in answer
    assert body == (b'{"error":"Not Found: GET /x\\r\\nSet-Cookie: a=b. GET / is a page, POST '
                    b'/detect detects."}')


def test_several_requests_of_one_connection(server):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=5)
    for path in ('/health', '/nowhere', '/model'):
        connection.request('GET', path)
        connection.getresponse().read()
    connection.close()


def test_good_and_bad_uploads_at_once(server, tools, tmp_path):
    (tmp_path / 'a.png').write_bytes(tools.png())
    done = subprocess.run(
        [sys.executable, str(ROOT / 'benchmarks' / 'serve_load.py'), str(tmp_path / 'a.png'),
         '--port', str(server.port), '--requests', '60', '--concurrent', '8', '--bad', '.4',
         '--max-upload-mb', '.005'],
        text=True, capture_output=True, timeout=60)
    told = json.loads(done.stdout)
    assert told['failures'] == {} and told['requests'] == sum(told['statuses'].values()) == 60
    assert set(told['statuses']) == {'200', '400', '413', '415'}
    assert told['memory_mb']['after'] > 1


def test_a_port_that_is_taken():
    with listen('127.0.0.1', 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UserError, match=f'--host 127.0.0.1 --port {port}: cannot listen there'
                                            ': Address already in use'):
            listen('127.0.0.1', port)
        assert address_of(listener) == f'http://127.0.0.1:{port}'
    with listen('127.0.0.1', port):
        pass


@pytest.mark.parametrize('host', ['no such host', '300.1.1.1', '', 'x' * 300])
def test_a_host_that_does_not_exist(host):
    with pytest.raises(UserError, match='there is no such host'):
        listen(host, 0)


@pytest.mark.parametrize('model, words', [
    ('missing.onnx', 'missing.onnx: there is no such file. Give an exported model: .onnx'),
    ('mine.pth', 'mine.pth is not an exported model, and only these are served.\n'
                 'Export it: fcos-mm export mine.pth --format onnx'),
    ('config.py', 'Export it: fcos-mm export config.py --format onnx'),
    ('.', 'Export it: fcos-mm export . --format onnx')])
def test_a_model_that_cannot_be_served(model, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        main(serve, [model])
    assert words in str(error.value)


def test_a_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, 'uvicorn', None)
    with pytest.raises(UserError, match=r"pip install 'fcos_mm\[serve\]'"):
        main(serve, ['mine.onnx'])


@pytest.mark.parametrize('words', [
    ['--port', '70000'], ['--port', '-1'], ['--timeout', '0'], ['--score-thr', 'x'],
    ['--max-upload-mb', 'nan'], ['--queue', '0'], ['--batch-size', '0']])
def test_wrong_options(words, capsys):
    with pytest.raises(SystemExit):
        main(serve, ['mine.onnx', *words])
    assert words[0] in capsys.readouterr().err


def test_a_threshold_above_one():
    with pytest.raises(UserError, match='--score-thr 50: .* Did you mean 0.5'):
        main(serve, ['mine.onnx', '--score-thr', '50'])


def test_options_become_settings():
    from fcos_mm.cli import parse
    settings = settings_of(parse(serve, [
        'a.onnx', '--max-upload-mb', '100', '--max-megapixels', '.5', '--queue', '7',
        '--timeout', '2.5', '--score-thr', '0.4']))
    assert (settings.max_upload_bytes, settings.max_pixels, settings.max_queue) == (
        100_000_000, 500_000, 7)
    assert (settings.timeout, settings.score_thr, settings.batch_size) == (2.5, .4, 1)
    assert settings.max_held_bytes == 400_000_000
    sizes = [settings_of(parse(serve, ['a.onnx', *words]), fixed).batch_size for words, fixed in (
        (['--device', 'cuda'], 0), ([], 4), (['--batch-size', '2'], 4))]
    assert sizes == [8, 4, 2]
