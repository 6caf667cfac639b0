"""One copy for all processes: built once, waited for, removed by the last."""
import multiprocessing
import os
import signal
import stat
import time

import numpy as np
import pytest

from fcos_mm.datasets import shared_memory
from fcos_mm.datasets.shared_memory import SharedFile, place, remove_unused

pytestmark = pytest.mark.skipif(shared_memory.fcntl is None, reason='nothing is shared here')
FORK = multiprocessing.get_context('fork')


def content():
    return dict(length=3), [np.arange(2, dtype=np.int64), np.arange(5, dtype=np.uint8)]


def forbidden():
    raise AssertionError('built twice')


def test_content_comes_back(tmp_path):
    shared = SharedFile(tmp_path / 'a', content)
    assert shared.head == dict(length=3)
    assert shared.bytes[:16].view(np.int64).tolist() == [0, 1]
    assert shared.bytes[16:].tolist() == [0, 1, 2, 3, 4]
    assert not shared.bytes.flags.writeable and shared.bytes.ctypes.data % 8 == 0
    assert stat.S_IMODE((tmp_path / 'a').stat().st_mode) == 0o600
    shared.close()


def test_second_user_does_not_build_and_the_last_removes(tmp_path):
    first = SharedFile(tmp_path / 'a', content)
    second = SharedFile(tmp_path / 'a', forbidden)
    first.close()
    assert (tmp_path / 'a').exists()
    second.close()
    second.close()
    assert not (tmp_path / 'a').exists()
    assert second.bytes[16:].tolist() == [0, 1, 2, 3, 4]  # what is mapped stays


def test_failed_build_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        SharedFile(tmp_path / 'a', lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []


def test_half_written_file_is_written_again(tmp_path):
    (tmp_path / 'a').write_bytes(b'\0' * 1000)
    shared = SharedFile(tmp_path / 'a', content)
    assert shared.bytes[16:].tolist() == [0, 1, 2, 3, 4]
    shared.close()


def _use(path, queue, barrier):
    def build():
        time.sleep(0.2)
        queue.put('built')
        return content()

    shared = SharedFile(path, build)
    barrier.wait(30)
    queue.put(shared.bytes[16:].tolist())
    shared.close()


def test_processes_at_the_same_time(tmp_path):
    queue, barrier = FORK.Queue(), FORK.Barrier(4)
    processes = [FORK.Process(target=_use, args=(tmp_path / 'a', queue, barrier))
                 for _ in range(4)]
    for process in processes:
        process.start()
    got = [queue.get(timeout=30) for _ in range(5)]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert sorted(map(str, got)) == ['[0, 1, 2, 3, 4]'] * 4 + ['built']
    assert list(tmp_path.iterdir()) == []


def test_forked_worker_leaves_without_removing(tmp_path):
    shared = SharedFile(tmp_path / 'a', content)
    worker = FORK.Process(target=shared.close)
    worker.start()
    worker.join(30)
    remove_unused(tmp_path)
    assert worker.exitcode == 0 and (tmp_path / 'a').exists()
    shared.close()
    assert not (tmp_path / 'a').exists()


def _hold(path, queue):
    shared = SharedFile(path, content)
    queue.put(len(shared.bytes))
    time.sleep(60)


def test_what_a_killed_process_left_is_removed(tmp_path):
    queue = FORK.Queue()
    process = FORK.Process(target=_hold, args=(tmp_path / 'a', queue))
    process.start()
    assert queue.get(timeout=30) == 21
    remove_unused(tmp_path)
    assert (tmp_path / 'a').exists()
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert (tmp_path / 'a').exists()
    remove_unused(tmp_path)
    assert not (tmp_path / 'a').exists()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A machine whose only place for files is ``tmp_path``."""
    monkeypatch.setattr(shared_memory, 'parents', lambda: [str(tmp_path)])
    return tmp_path


def test_place_is_private(temporary):
    path = place('name', 10)
    assert path.name == 'name' and path.parent.parent == temporary
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize('spoil', ['others may write', 'link', 'no room'])
def test_no_place(temporary, spoil):
    folder = place('name', 10).parent
    if spoil == 'others may write':
        folder.chmod(0o770)
    elif spoil == 'link':
        folder.rename(temporary / 'elsewhere')
        folder.symlink_to(temporary / 'elsewhere')
    assert place('name', 10 if spoil != 'no room' else 1 << 60) is None
