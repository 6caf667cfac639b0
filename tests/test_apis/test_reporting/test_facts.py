"""Facts about a run."""
import pytest
from mmengine.config import Config

from fcos_mm.apis.reporting.facts import facts_of_run


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_bytes(bytes(2_500_000))
    return str(path)


def test_facts_of_a_training(checkpoint):
    cfg = Config(dict(model=dict(type='FCOS', backbone=dict(type='ResNet', depth=50))))
    logs = [dict(iter=10, step=10, time=1., memory=1024), dict(iter=20, step=20, time=2.),
            {'step': 1, 'time': 9., 'coco/bbox_mAP': .5}]
    facts = facts_of_run(cfg, checkpoint, logs, .0123)
    assert facts['model'] == 'FCOS with ResNet 50'
    assert facts['checkpoint'] == f'{checkpoint} (2.5 MB)'
    assert facts['detection'].startswith('12 ms an image')
    assert facts['training time'] == '0:00:30, without validation: 20 steps of 1.500 s'
    assert facts['GPU memory in training'] == '1.0 GiB at most'
    assert 'PyTorch' in facts['versions']


def test_what_is_unknown_is_left_out(checkpoint):
    facts = facts_of_run(Config(dict(model=dict(type='Mine'))), checkpoint, [], None)
    assert facts['model'] == 'Mine'
    assert not {'detection', 'training time', 'GPU memory in training'} & facts.keys()
