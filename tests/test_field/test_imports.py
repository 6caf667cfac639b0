"""What other programs of OpenMMLab see of the package, in every order of imports."""
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmdet.apis import DetInferencer, inference_detector, init_detector
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'tools').rglob('*.py'))
IMAGE = np.zeros((128, 128, 3), np.uint8)

#: The state that every order of imports must lead to.
SOUND = '''
import mmcv.ops, mmdet.models
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import MODELS, TRANSFORMS
from mmengine.runner import checkpoint
import mmdet.registry
assert checkpoint._safe_torch_load.__module__ == 'fcos_mm.checkpoints.safe_loading'
assert MODULE2PACKAGE['fcos_mm'] == 'fcos_mm.version'
for registry in (MODELS, mmdet.registry.MODELS):
    assert registry.get('fcos_mm.FCOS').__module__ == 'fcos_mm.models.detector'
assert TRANSFORMS.get('fcos_mm.PackDetInputs').__module__ == 'fcos_mm.datasets.packing'
assert mmdet.registry.MODELS.get('FCOS').__module__ == 'mmdet.models.detectors.fcos'
'''
ORDERS = {
    'the package first: it imports none of the others': '''
import sys, fcos_mm
assert not {'torch', 'numpy', 'mmengine', 'mmcv', 'mmdet'} & set(sys.modules)
''',
    'the package last': '''
import mmengine.runner, mmengine.infer, mmdet.registry
import fcos_mm
''',
    'never imported: named by a type, and by the default scope with plain names of both': '''
from mmengine.registry import MODELS, DefaultScope
assert MODELS.get('fcos_mm.FCOSHead').__module__ == 'fcos_mm.models.head'
DefaultScope.get_instance('here', scope_name='fcos_mm')
with MODELS.switch_scope_and_registry(None) as registry:
    assert registry.get('FCOS').__module__ == 'fcos_mm.models.detector'
    assert registry.get('ResNet').__module__ == 'mmdet.models.backbones.resnet'
''',
    'by custom_imports, while an inferencer reads the config': f'''
from mmengine.infer import BaseInferencer
from mmengine.config import Config
import sys
assert 'fcos_mm' not in sys.modules
Config.fromfile({str(ROOT / 'configs/demo/fcos_csp-w25_fpn_shapes.py')!r})
assert BaseInferencer._init_model.keeps_scope
''',
}


def python(*words, **options):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': str(ROOT)}, **options)


@pytest.mark.parametrize('order', ORDERS.values(), ids=ORDERS)
def test_order_of_imports(order):
    done = python('-c', order + SOUND)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('script', SCRIPTS)
def test_a_script_answers(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [script, '--help'])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / script), run_name='__main__')
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith('usage:')


@pytest.mark.parametrize('tool', ['voc_to_coco', 'yolo_to_coco', 'make_shapes',
                                  'overlapped_subset', 'check_results'])
def test_what_works_on_files_alone_takes_no_torch_to_run(tool):
    modules = dict(
        voc_to_coco='fcos_mm.datasets.converters.voc', make_shapes='fcos_mm.datasets.shapes',
        yolo_to_coco='fcos_mm.datasets.converters.yolo',
        check_results='fcos_mm.analysis.result_file',
        overlapped_subset='fcos_mm.analysis.overlapped, fcos_mm.analysis.annotations')
    done = python('-c', f'import {modules[tool]}, sys\n'
                  "found = {'torch', 'mmengine', 'mmcv', 'mmdet'} & set(sys.modules)\n"
                  'assert not found, found')
    assert done.returncode == 0, done.stderr


#: How a user names the model, and what is in the child config.
INFERENCERS = {
    'plain names under default_scope, as the demo has them': '',
    'names with the scope, as the presets have them': '''
model = dict(type='fcos_mm.FCOS', bbox_head=dict(
    type='fcos_mm.FCOSHead', assigner=dict(type='fcos_mm.FCOSAssigner')))
''',
    "mmdet's scope with ours in the types": '''
default_scope = 'mmdet'
model = dict(type='fcos_mm.FCOS', bbox_head=dict(
    type='fcos_mm.FCOSHead', centerness=dict(type='fcos_mm.Centerness'),
    assigner=dict(type='fcos_mm.FCOSAssigner'),
    loss=dict(type='fcos_mm.FCOSLoss', loss_bbox=dict(type='fcos_mm.LTRBIoULoss'))))
''',
}


@pytest.mark.parametrize('text', INFERENCERS.values(), ids=INFERENCERS)
def test_inferencer_of_mmdet(text, write_config, short_run):
    check(infer(str(write_config(text)), str(short_run.checkpoint)))


#: What an inferencer can be made of: the model and the weights.
SOURCES = {
    'a config that was read': lambda run: (Config.fromfile(run.config), str(run.checkpoint)),
    'a shipped name': lambda run: (
        'fcos_mm::demo/fcos_csp-w25_fpn_shapes.py', str(run.checkpoint)),
    'weights alone': lambda run: (None, str(run.checkpoint)),
    'a config alone': lambda run: (str(run.config), None),
}


@pytest.mark.parametrize('source', SOURCES.values(), ids=SOURCES)
def test_inferencers_one_after_another(source, short_run):
    for _ in range(2):
        check(infer(*source(short_run)))


def infer(model, weights):
    return DetInferencer(model, weights, device='cpu', show_progress=False)


def test_inferencers_of_other_configs_are_left_alone(short_run):
    """The scope of one inferencer must not reach the next, which names no scope."""
    text = (ROOT / 'configs' / 'demo' / 'fcos_csp-w25_fpn_shapes.py').read_text()
    assert "type='FCOSHead'" in text
    cfg = Config.fromfile(short_run.config)
    cfg.default_scope = 'mmdet'
    with pytest.raises(TypeError, match='regression'):  # mmdet's FCOSHead does not know it
        DetInferencer(cfg, device='cpu')


def test_init_detector_of_mmdet(short_run):
    model = init_detector(str(short_run.config), str(short_run.checkpoint), device='cpu')
    assert type(model).__module__ == 'fcos_mm.models.detector'
    assert inference_detector(model, IMAGE).pred_instances is not None


def check(inferencer):
    """Every part is ours and the inferencer works."""
    parts = (inferencer.model, inferencer.model.bbox_head, inferencer.model.bbox_head.assigner,
             inferencer.model.data_preprocessor)
    assert {type(part).__module__.split('.')[0] for part in parts[:3]} == {'fcos_mm'}
    assert len(inferencer(IMAGE)['predictions']) == 1
