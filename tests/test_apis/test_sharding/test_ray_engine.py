"""Real workers that are killed or hang: one result per picture."""
import importlib.util
import json
import os
import random
import re
import signal
import threading
import time

import cv2
import numpy as np
import pytest

from fcos_mm.apis.sharding.ray_engine import check_address, connected
from fcos_mm.cli import detect
from fcos_mm.errors import UserError

PICTURES, SIZE, KILLS = 40, 5, 1
TIMEOUT = 3  # seconds for a picture: the first one of a worker takes longer than the others


@pytest.fixture(scope='module')
def local_ray():
    """A Ray of two CPUs on this machine."""
    if importlib.util.find_spec('ray') is None:  # an import would come before its settings
        pytest.skip('Ray is not installed')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('RAY_memory_monitor_refresh_ms', '0')  # others may fill the memory
        handler = signal.getsignal(signal.SIGTERM)
        with connected(None, on_gpu=False, num_cpus=2) as ray:
            yield ray
        assert signal.getsignal(signal.SIGTERM) == handler


@pytest.fixture
def pictures(tmp_path):
    """Pictures that take a while to decode, and two that are none."""
    folder, chance = tmp_path / 'in', np.random.default_rng(0)
    folder.mkdir()
    for index in range(PICTURES - 2):
        small = chance.integers(0, 256, (12, 16, 3), np.uint8)
        cv2.imwrite(str(folder / f'{index:02d}.jpg'),
                    cv2.resize(small, (1200, 900), interpolation=cv2.INTER_NEAREST))
    for name in ('07_bad.jpg', '31_bad.jpg'):
        (folder / name).write_bytes(b'no picture')
    return folder


@pytest.mark.parametrize('address', ['127.0.0.1:1', 'ray://127.0.0.1:1', '127.0.0.1:99999'])
def test_an_address_where_nothing_listens(address):
    with pytest.raises(UserError, match=f'--ray-address {address} cannot be reached: '):
        check_address(address)


def test_addresses_that_ray_looks_up():
    check_address(None)
    check_address('auto')


def kill_some(log, killed, stop):
    """Kill workers of a run at random moments after they are ready."""
    chance = random.Random(0)
    while len(killed) < KILLS and not stop.is_set():
        text = log.read_text() if log.exists() else ''
        for pid in map(int, re.findall(r'worker (\d+) on \S+ is ready', text)):
            if pid not in killed and len(killed) < KILLS:
                time.sleep(chance.uniform(0, .2))
                killed.append(pid)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(.02)


@pytest.fixture
def hanging(pictures, tmp_path):
    """A list of the pictures and of one that nobody ends writing, in a shard with one other."""
    names = sorted(path.name for path in pictures.iterdir())
    os.mkfifo(pictures / '99_hangs.png')
    (pictures / '98.jpg').write_bytes((pictures / names[0]).read_bytes())
    (tmp_path / 'whole.txt').write_text('\n'.join(f'in/{name}' for name in [*names, '98.jpg']))
    (tmp_path / 'all.txt').write_text('\n'.join(
        f'in/{name}' for name in [*names, '98.jpg', '99_hangs.png']))
    return tmp_path / 'all.txt'


def test_every_picture_has_one_result_whatever_dies_or_hangs(local_ray, trained, pictures, hanging,
                                                             run, tmp_path):
    words = ['--model', trained.work_dir, '--score-thr', 0]
    plain, _ = run(detect, tmp_path / 'whole.txt', *words, '--no-draw', '--out-dir',
                   tmp_path / 'plain')
    out = tmp_path / 'out'
    words += ['--out-dir', out, '--shards', SIZE, '--picture-timeout', TIMEOUT]
    shards = out / 'shards'

    killed, stop = [], threading.Event()
    killer = threading.Thread(target=kill_some, args=(out / 'detect.log', killed, stop))
    killer.start()
    try:
        status, screen = run(detect, hanging, *words, '--workers', 2)
    finally:
        stop.set()
        killer.join()
    assert killed and status == plain == 1
    assert 'warning: a worker died at shard' in screen
    assert (out / 'detections.json').read_bytes() == (
        tmp_path / 'plain' / 'detections.json').read_bytes()
    results = [one for path in sorted(shards.glob('[0-9]*-of-*.json')) for one in json.loads(
        path.read_text())]
    assert [one['name'] for one in results] == sorted(path.name for path in pictures.iterdir())
    assert [one['name'] for one in results if 'failure' in one] == [
        '07_bad.jpg', '31_bad.jpg', '99_hangs.png']
    assert (f'warning: no result within {2 * TIMEOUT} s at shard 9; the worker is replaced; its '
            'pictures are done one by one') in screen
    assert f'99_hangs.png failed (no result within {TIMEOUT} s) and was skipped' in screen
    assert screen.count('cannot be read as an image and was skipped') == 2
