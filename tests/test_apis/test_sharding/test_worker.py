"""What a worker does, in this process."""
import copy
from dataclasses import replace

import pytest

from fcos_mm.apis.sharding.networks import config_digest, open_network, spec_of
from fcos_mm.apis.sharding.results import MISSING, UNEXPECTED, UNREADABLE
from fcos_mm.apis.sharding.worker import Worker
from fcos_mm.apis.trained_model import find_model
from fcos_mm.errors import UserError


@pytest.fixture(scope='module')
def spec(trained):
    return spec_of(find_model(str(trained.work_dir)), score_thr=0.)


@pytest.fixture(scope='module')
def worker(spec):
    worker = Worker(threads=1, batch_size=2)
    facts = worker.open(spec, None, 'cpu')
    assert facts['classes'] == ['cup', 'jar'] and facts['threshold'] == '0'
    return worker


def test_files_and_addresses_have_the_same_detections(worker, tiny_data):
    path = str(tiny_data / 'images' / 'val_1.png')
    (by_path, ), (by_address, ) = (worker.detect([one]) for one in (path, f'file://{path}'))
    assert by_path == by_address and len(by_path['scores']) == 5
    assert worker.detect([]) == []


def test_what_fails_does_not_stop_the_others(worker, tiny_data, tmp_path, monkeypatch):
    good, bad = str(tiny_data / 'images' / 'val_1.png'), tmp_path / 'bad.png'
    bad.write_bytes(b'x')
    found = worker.detect([str(bad), good, str(tmp_path / 'gone.png'), good,
                           f'file://{tmp_path}/gone.png'])
    assert [one.get('kind') for one in found] == [UNREADABLE, None, MISSING, None, UNREADABLE]
    assert found[0]['failure'] == 'cannot be read as an image and was skipped'
    assert found[4]['failure'].startswith('failed (file://') and 'Error' in found[4]['trace']
    assert found[1] == found[3]
    monkeypatch.setattr(worker._network, '_forward', lambda inputs: [ValueError('odd')] * len(
        inputs))
    odd, = worker.detect([good])
    assert odd['kind'] == UNEXPECTED and odd['failure'] == (
        'failed (ValueError: odd) and was skipped')


def test_a_machine_without_the_checkpoint_gets_its_content(spec, trained, tmp_path):
    elsewhere = replace(spec, model=spec.model._replace(checkpoint=str(tmp_path / 'no.pth')))
    network = open_network(elsewhere, lambda: [trained.checkpoint.read_bytes()], 'cpu')
    assert network.classes == ('cup', 'jar')
    (tmp_path / 'no.pth').write_bytes(b'another file')
    open_network(elsewhere, lambda: [trained.checkpoint.read_bytes()], 'cpu')


def test_machines_that_differ(spec):
    with pytest.raises(UserError, match='is of fcos_mm 0.0, a worker has'):
        open_network(replace(spec, version='0.0'), None, 'cpu')
    odd = copy.deepcopy(spec.model.cfg)
    odd.custom_imports = dict(imports=['no_such_module'])
    message = Worker(threads=1, batch_size=None).open(
        replace(spec, model=spec.model._replace(cfg=odd)), None, 'cpu')['error']
    assert 'A worker cannot import what the config names' in message


def test_the_digest_of_a_config_is_of_what_changes_detections(spec):
    same, other = copy.deepcopy(spec.model.cfg), copy.deepcopy(spec.model.cfg)
    same.work_dir, other.model.test_cfg.max_per_img = 'elsewhere', 7
    digests = [config_digest(spec.model._replace(cfg=cfg))
               for cfg in (spec.model.cfg, same, other)]
    assert digests[0] == digests[1] != digests[2]
