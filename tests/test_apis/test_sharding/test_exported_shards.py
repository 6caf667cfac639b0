"""An exported file in shards, by workers in this process."""
import contextlib
import json
from collections import deque
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from fcos_mm.apis.detection.opening import find_network
from fcos_mm.apis.sharding import run as module
from fcos_mm.apis.sharding.jobs import Event
from fcos_mm.apis.sharding.networks import checksum_of, files_of, open_network, spec_of
from fcos_mm.apis.sharding.worker import Worker
from fcos_mm.cli import detect
from fcos_mm.errors import UserError
from tests.test_runtime.conftest import make_info, write_mean  # noqa: F401


class EngineHere:
    """Workers in this process, with the arguments of ``RayEngine``."""

    def __init__(self, _, *, spec, placing, batch_size, **options):
        assert placing.gpus == 0
        self.spec, self.make = spec, lambda: Worker(placing.threads, batch_size)
        self.workers, self.numbers, self.events = {}, count(), deque()

    def hire(self):
        number = next(self.numbers)
        self.workers[number] = self.make()
        self.events.append(Event(number, 'opened',
                                 self.workers[number].open(self.spec, None, 'cpu')))
        return number

    def submit(self, worker, locations):
        self.events.append(Event(worker, 'done', self.workers[worker].detect(locations)))

    def wait(self, seconds):
        return self.events.popleft()

    def close(self):
        self.workers.clear()


@pytest.fixture(scope='module')
def model(write_mean, make_info, tmp_path_factory):  # noqa: F811
    path = tmp_path_factory.mktemp('exported') / 'model.onnx'
    write_mean(str(path), make_info(mode='nms', thresholds=(.5, .1), mean=(0., ) * 3,
                                    std=(255., ) * 3, pad_value=0.))
    return path


@pytest.fixture
def here(monkeypatch):
    nodes = [dict(Alive=True, Resources=dict(CPU=2., GPU=1., memory=2.**33))]
    monkeypatch.setattr(module, 'RayEngine', EngineHere)
    monkeypatch.setattr(module, 'connected', lambda *_: contextlib.nullcontext(
        SimpleNamespace(nodes=lambda: nodes)))


def test_results_are_those_without_shards(model, tiny_data, run, tmp_path, here):
    words = [tiny_data / 'images', '--model', model, '--save-csv']
    run(detect, *words, '--no-draw', '--out-dir', tmp_path / 'plain')
    status, screen = run(detect, *words, '--shards', 2, '--out-dir', tmp_path / 'shards')
    assert status == 0 and f'model      {model} (exported)' in screen
    assert 'threshold  0.25 to 0.50 by class' in screen  # what the file says
    for name in ('detections.json', 'detections.csv'):
        plain, found = ((tmp_path / kind / name).read_bytes() for kind in ('plain', 'shards'))
        assert plain == found
    rows = json.loads((tmp_path / 'shards' / 'detections.json').read_bytes())
    assert len(rows) == 6 and {row['category_id'] for row in rows} == {3}
    assert len({row['score'] for row in rows}) == 6  # each picture has its own
    with pytest.raises(UserError, match='results of another run: other options'):
        run(detect, *words, '--shards', 2, '--score-thr', .2, '--out-dir', tmp_path / 'shards')


def test_a_machine_without_the_file_gets_its_content(model, tmp_path):
    spec = spec_of(find_network(str(model)))
    elsewhere = replace(spec, model=spec.model._replace(path=str(tmp_path / 'no.onnx')))
    network = open_network(elsewhere, lambda: [model.read_bytes()], 'cpu', threads=1)
    assert network.classes == ('cup', 'jar') and not (tmp_path / 'no.onnx').exists()


def test_both_files_of_openvino_count(tmp_path):
    for name in ('m.xml', 'm.bin'):
        (tmp_path / name).write_text(name)
    model = find_network(str(tmp_path / 'm.xml'))
    assert [path.name for path in files_of(model)] == ['m.xml', 'm.bin']
    before = spec_of(model).checksum
    (tmp_path / 'm.bin').write_text('other weights')
    assert spec_of(model).checksum == checksum_of(files_of(model)) != before


def test_a_precision_of_pytorch(model):
    with pytest.raises(UserError, match='--precision bf16: .*model.onnx runs as it was exported'):
        spec_of(find_network(str(model)), precision='bf16')
