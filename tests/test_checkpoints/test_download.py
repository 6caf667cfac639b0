"""Downloads from a server on this machine, whole and disturbed."""
import errno
import hashlib
import multiprocessing
import os
import shutil
import socket
from collections import namedtuple
from http.server import BaseHTTPRequestHandler

import pytest

from fcos_mm.checkpoints.zoo import partial, request
from fcos_mm.checkpoints.zoo.download import Download, download
from fcos_mm.checkpoints.zoo.lock import locked
from fcos_mm.errors import UserError

BODY = bytes(range(256)) * 4096  # four blocks and more
SHA256 = hashlib.sha256(BODY).hexdigest()
CUT = 600_000


@pytest.fixture
def wanted(server, tmp_path):
    server.content['/a.pth'] = BODY
    return Download(server.address(), tmp_path / 'a.pth')


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def ranges(server):
    return [headers.get('Range') for _, headers in server.requests]


def fails(wanted):
    """The message of a download that fails."""
    with pytest.raises(UserError) as error:
        download(wanted)
    assert not wanted.path.exists()
    return str(error.value)


def test_a_whole_file(server, wanted, tmp_path):
    shown = []
    assert download(wanted, lambda done, total: shown.append((done, total))) == SHA256
    assert wanted.path.read_bytes() == BODY and names(tmp_path) == ['a.pth']
    assert shown[0] == (0, len(BODY)) and shown[-1] == (len(BODY), len(BODY))
    assert shown == sorted(shown) and len(shown) > 3
    assert ranges(server) == [None]


def test_resumed_after_cuts(server, wanted):
    server.cut_after = {0: CUT, 1: 100_000}
    assert download(wanted) == SHA256
    assert wanted.path.read_bytes() == BODY
    assert ranges(server) == [None, f'bytes={CUT}-', f'bytes={CUT + 100_000}-']


def test_resumed_by_the_next_call(server, wanted, tmp_path):
    server.cut_after = {0: CUT}
    server.statuses = {1: 503, 2: 503, 3: 503}
    message = fails(wanted)
    assert '503 Service Unavailable (0.6 MB are kept)' in message
    assert message.endswith('\nCheck the address and the network.')
    assert names(tmp_path) == ['a.pth.part', 'a.pth.part.json']
    server.requests.clear()
    server.cut_after, server.statuses = {}, {}
    assert download(wanted) == SHA256
    assert ranges(server) == [f'bytes={CUT}-'] and names(tmp_path) == ['a.pth']


def test_a_server_without_ranges_starts_again(server, wanted):
    server.ranges, server.cut_after = False, {0: CUT}
    assert download(wanted) == SHA256
    assert wanted.path.read_bytes() == BODY and len(server.requests) == 2


def test_a_server_without_ranges_that_never_gets_further(server, wanted):
    server.ranges, server.cut_after = False, {number: CUT for number in range(9)}
    assert f'ended after {CUT:,} of {len(BODY):,} bytes' in fails(wanted)
    assert len(server.requests) == 3


def test_the_file_has_changed_meanwhile(server, wanted):
    server.cut_after = {0: CUT}
    server.statuses = {1: 500, 2: 500, 3: 500}
    fails(wanted)
    server.cut_after, server.statuses = {}, {}
    server.content['/a.pth'] = BODY[::-1]
    assert download(wanted) == hashlib.sha256(BODY[::-1]).hexdigest()
    assert wanted.path.read_bytes() == BODY[::-1]


def test_a_server_that_ignores_which_version_is_asked_for(server, wanted, monkeypatch):
    """What does not fit together is noticed by the checksum and downloaded again."""
    wanted = Download(wanted.address, wanted.path, SHA256[:8])
    part = partial.PartialFile(wanted.path, wanted.address)
    part.begin({'ETag': '"old"'})
    part.path.write_bytes(b'old' * 100)
    monkeypatch.setattr(partial.PartialFile, 'validator', lambda self: (
        f'"{hashlib.md5(BODY).hexdigest()}"' if self.size else None))
    assert download(wanted) == SHA256
    assert ranges(server) == ['bytes=300-', None] and wanted.path.read_bytes() == BODY


def test_a_part_of_another_address_or_version_is_not_continued(wanted):
    part = partial.PartialFile(wanted.path, wanted.address)
    part.begin({'ETag': 'W/"weak"', 'Last-Modified': 'yesterday'})
    assert part.validator() is None  # without a byte
    part.path.write_bytes(b'x')
    assert part.validator() == 'yesterday'
    assert partial.PartialFile(wanted.path, 'http://elsewhere/a.pth').validator() is None


@pytest.mark.parametrize('extra, requests', [(b'', 1), (b'more', 2)])
def test_a_part_that_is_whole_or_too_long(server, wanted, extra, requests):
    part = partial.PartialFile(wanted.path, wanted.address)
    part.begin({'ETag': f'"{hashlib.md5(BODY).hexdigest()}"'})
    part.path.write_bytes(BODY + extra)
    assert download(wanted) == SHA256
    assert wanted.path.read_bytes() == BODY and len(server.requests) == requests


@pytest.mark.parametrize('known', [SHA256[:8], SHA256])
def test_the_right_checksum(wanted, known):
    assert download(Download(wanted.address, wanted.path, known)) == SHA256


def test_a_wrong_checksum(wanted, tmp_path):
    message = fails(Download(wanted.address, wanted.path, 'badbadba'))
    assert f'its SHA-256 is {SHA256} and should begin with badbadba' in message
    assert names(tmp_path) == []


@pytest.mark.parametrize('status, meaning', [
    (404, '404 Not Found (the file is not there any more)'),
    (403, '403 Forbidden (it refuses the request)'), (400, '400 Bad Request')])
def test_refusals(server, wanted, status, meaning):
    server.statuses = {0: status}
    message = fails(wanted)
    assert message == (f'{wanted.address} cannot be downloaded: the server answers {meaning}.\n'
                       'Check the address and the network.')
    assert len(server.requests) == 1


def test_a_server_that_is_busy_at_first(server, wanted):
    server.statuses = {0: 429, 1: 502}
    assert download(wanted) == SHA256


@pytest.mark.parametrize('body, headers, reason', [
    (b'<!DOCTYPE html><html>log in</html>', {}, 'a web page comes in place of the file'),
    (b'please log in', {'Content-Type': 'text/html; charset=utf-8'}, 'a web page comes'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:1', {}, 'a pointer of Git LFS'),
    (b'\x1f\x8b', {'Content-Encoding': 'gzip'}, 'the server sends it compressed'),
    (b'', {}, 'the connection ended after 0 of 0 bytes')])
def test_something_else_in_place_of_the_file(server, wanted, tmp_path, body, headers, reason):
    server.content['/a.pth'], server.headers = body, headers
    assert reason in fails(wanted)
    assert 'a.pth' not in names(tmp_path)


def test_a_proxy_of_the_environment(server, wanted, monkeypatch):
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.delenv(name)
    monkeypatch.setenv('http_proxy', server.address(''))
    server.content['http://publisher.invalid/a.pth'] = BODY
    assert download(Download('http://publisher.invalid/a.pth', wanted.path)) == SHA256


def test_no_server(wanted):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        address = f'http://127.0.0.1:{free.getsockname()[1]}/a.pth'
    assert 'Connection refused' in fails(Download(address, wanted.path))


def test_a_server_that_does_not_answer(wanted, monkeypatch):
    monkeypatch.setattr(request, '_TIMEOUT', 0.05)
    with socket.socket() as silent:
        silent.bind(('127.0.0.1', 0))
        silent.listen()
        address = f'http://127.0.0.1:{silent.getsockname()[1]}/a.pth'
        assert 'no answer within' in fails(Download(address, wanted.path))


@pytest.mark.parametrize('address', ['file:///etc/passwd', 'ftp://127.0.0.1/a.pth', 'a.pth'])
def test_other_addresses(wanted, address):
    assert 'Files are downloaded by https' in fails(Download(address, wanted.path))


@pytest.mark.parametrize('target, followed', [
    ('/a.pth', True), ('file:///etc/passwd', False), ('ftp://127.0.0.1/a.pth', False)])
def test_redirections(server, wanted, monkeypatch, target, followed):
    handler = server.RequestHandlerClass
    answer = handler.do_GET

    def redirect(self: BaseHTTPRequestHandler):
        if self.path != '/moved.pth':
            return answer(self)
        self.send_response(302)
        self.send_header('Location', target)
        self.send_header('Content-Length', '0')
        return self.end_headers()

    monkeypatch.setattr(handler, 'do_GET', redirect)
    moved = Download(server.address('/moved.pth'), wanted.path)
    if followed:
        assert download(moved) == SHA256
    else:
        message = fails(moved)
        assert target in message and ('is not followed' in message or 'not allowed' in message)


def test_no_step_down_from_https():
    with pytest.raises(UserError, match='leads to http://a/b, which is not followed'):
        request._check_scheme('http://a/b', 'https://a/b')


def test_a_full_disk_before_and_during_the_download(wanted, monkeypatch, tmp_path):
    usage = namedtuple('usage', 'total used free')
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage(9, 9, 10_000))
    message = fails(wanted)
    assert '1.0 MB are to be downloaded and 0.0 MB are free' in message
    assert 'FCOS_MM_CACHE=DIR' in message and names(tmp_path) == []
    monkeypatch.undo()

    def full(handle):
        if os.fstat(handle).st_size == len(BODY):
            raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.setattr(os, 'fsync', full)
    assert 'cannot be written: No space left on device.\nFree some space' in fails(wanted)


def _hold(path, held, release):
    with locked(path):
        held.set()
        release.wait(10)


def test_a_lock_waits_for_another_process_and_for_no_dead_one(tmp_path):
    context = multiprocessing.get_context('fork')
    path, waited = tmp_path / 'a.pth', []
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(path, held, release))
    other.start()
    assert held.wait(10)
    with locked(path, lambda: (waited.append(1), release.set())):
        assert waited == [1]
    other.join()
    held.clear()
    release.clear()
    other = context.Process(target=_hold, args=(path, held, release))
    other.start()
    assert held.wait(10)
    other.kill()
    other.join()
    with locked(path, lambda: pytest.fail('the lock of a dead process')):
        pass
