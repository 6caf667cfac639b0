"""A server of files on this machine, which can fail as servers do."""
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fcos_mm.checkpoints.zoo import download


class Files(ThreadingHTTPServer):
    """Serves ``content`` by path; the attributes say how it fails.

    Attributes:
        content: Bytes by path.
        requests: The path and the headers of each request, in their order.
        cut_after: By the number of the request, how many bytes are sent before the end.
        ranges: Whether parts are sent.
        statuses: By the number of the request, a status in place of the file.
        headers: More headers.
    """

    def __init__(self):
        super().__init__(('127.0.0.1', 0), _Handler)
        self.content, self.requests = {}, []
        self.cut_after, self.statuses = {}, {}
        self.ranges, self.headers = True, {}

    def address(self, path='/a.pth'):
        """The address of a path."""
        return f'http://127.0.0.1:{self.server_port}{path}'

    def handle_error(self, request, client_address):
        """Say nothing: connections are cut on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        server = self.server
        number = len(server.requests)
        server.requests.append((self.path, dict(self.headers)))
        status = server.statuses.get(number)
        body = server.content.get(self.path.partition('?')[0])
        if status or body is None:
            return self._answer(status or 404, b'sorry')
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        begin = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range', ''))
        same = self.headers.get('If-Range', tag) == tag
        if begin and server.ranges and same:
            start = int(begin[1])
            if start >= len(body):
                return self._answer(416, b'', {'Content-Range': f'bytes */{len(body)}'})
            return self._answer(206, body[start:], {
                'ETag': tag, 'Content-Range': f'bytes {start}-{len(body) - 1}/{len(body)}'}, number)
        return self._answer(200, body, {'ETag': tag}, number)

    def _answer(self, status, body, headers=(), number=None):
        self.send_response(status)
        for name, value in {'Content-Length': str(len(body)), **dict(headers),
                            **self.server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:self.server.cut_after.get(number, len(body))])
        self.wfile.flush()
        if number in self.server.cut_after:
            self.connection.close()

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def server(monkeypatch):
    """A running server without proxies, and no pauses before new attempts."""
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.setenv(name, '127.0.0.1')
    monkeypatch.setattr(download, '_PAUSES', (0., 0.))
    files = Files()
    thread = threading.Thread(target=files.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    yield files
    files.shutdown()
    files.server_close()
    thread.join()
