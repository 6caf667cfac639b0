"""Exported models in ``detect``, ``test`` and ``load``: the runtime is PyTorch in disguise."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config

import fcos_mm
from fcos_mm import runtime
from fcos_mm.apis.detection import opening
from fcos_mm.apis.detection.exported_test import set_exported
from fcos_mm.cli import detect, test
from fcos_mm.detection import exported as module
from fcos_mm.detection import selection
from fcos_mm.detection.exported import ExportedModel, ExportedNetwork
from fcos_mm.errors import UserError
from fcos_mm.runtime import ModelInfo
from fcos_mm.runtime.info import Postprocessing, Preprocessing

INFO = ModelInfo(
    version='1', mode='decoded', precision='fp32', classes=('cup', 'jar'), category_ids=(10, 20),
    thresholds=(0.2, 0.4), threshold_note='0.20 to 0.40 by class', shape=(0, 0, 0),
    preprocessing=Preprocessing(scale=(64, 48), keep_ratio=True, channels='bgr', mean=(0, 0, 0),
                                std=(1, 1, 1), pad_divisor=8, pad_value=0),
    postprocessing=Postprocessing(score_thr=0, nms_pre=1000, iou_threshold=0.5, max_per_img=5,
                                  clip='before_nms', min_bbox_size=-1, extra=0, strides=(8, )))


@pytest.fixture(scope='module')
def torch_detector(trained):
    return fcos_mm.load(trained.work_dir, device='cpu', score_thr=0)


@pytest.fixture
def fake(torch_detector, monkeypatch):
    """The class of the runtime's detector; ``calls`` has the batches."""

    class Detector:
        info, calls = INFO, []

        def __deepcopy__(self, memo):
            raise TypeError('a session cannot be copied')

        def __init__(self, path, *, score_thr='auto', classes=None, threads=None, device='cpu'):
            assert score_thr == 0 and classes is None

        def __call__(self, images, batch_size=None):
            self.calls.append((len(images), batch_size))
            if any(not image.any() for image in images):
                raise RuntimeError('too dark')
            assert all(image.flags.c_contiguous for image in images)
            return [SimpleNamespace(boxes=one.boxes, scores=one.scores, labels=one.labels)
                    for one in torch_detector(images)]

    monkeypatch.setitem(vars(runtime), 'Detector', Detector)
    return Detector


@pytest.fixture
def model(fake, tmp_path):
    path = tmp_path / 'model.onnx'
    path.touch()
    return path


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)


def same(one, other):
    np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
    assert one.names == other.names and len(one)


def test_load(model, torch_detector, tiny_data, image):
    detector = fcos_mm.load(model, score_thr=0)
    assert repr(detector) == (f'Detector: {model} (exported) on cpu\n  classes: cup, jar\n'
                              '  score threshold: 0')
    for picture in (image, str(tiny_data / 'images' / 'val_1.png')):
        found = detector(picture)
        same(found, torch_detector(picture))
        assert np.array_equal(found.image, torch_detector(picture).image)
    assert found.plot().size == (64, 48)
    assert found.to_coco(3)[0]['category_id'] == dict(cup=10, jar=20)[found.names[0]]


def test_thresholds_of_the_file(model, torch_detector, image):
    """Those of each class, also to count what just misses them."""
    detector, every = fcos_mm.load(model), torch_detector(image)
    found = detector(image)
    limits = np.array([0.2, 0.4])[every.labels]
    assert detector.thresholds == (0.2, 0.4)
    assert len(found) == (every.scores >= limits).sum()
    assert found.near == ((every.scores < limits) & (every.scores >= limits - 0.1)).sum()
    only = fcos_mm.load(model, score_thr=0, classes='jar')(image)
    assert {*only.names} == {'jar'}
    with pytest.raises(UserError, match='--classes bottle: the model has no such class'):
        fcos_mm.load(model, classes=['bottle'])
    with pytest.raises(UserError, match='--score-thr 3'):
        fcos_mm.load(model, score_thr=3)


def test_batches(fake, model, image, monkeypatch):
    network = ExportedNetwork(ExportedModel(str(model), ''), score_thr=0)
    assert network.read_at_once() == 1 and network.read_at_once(2) == 8
    dark = np.zeros_like(image)
    first, second, third = network.detect([network.prepare(one) for one in (image, dark, image)], 3)
    assert len(first) == len(third) == 5 and str(second) == 'too dark'
    assert fake.calls == [(3, 3), (1, 3), (1, 3), (1, 3)]
    assert list(network.detect([])) == []
    monkeypatch.setattr(fake, 'info', SimpleNamespace(**{**vars(INFO), 'shape': (4, 48, 64)}))
    assert ExportedNetwork(ExportedModel(str(model), '')).read_at_once() == 16


def test_boxes_of_tiles_lie_where_the_tiles_do(model, monkeypatch):
    monkeypatch.setattr(module, 'check_tiles', lambda: None)
    monkeypatch.setattr(module, 'tiles_of', lambda height, width, size: [
        (0, 0, 64, size), (64, 0, 128, size)])
    monkeypatch.setattr(selection, 'merge', lambda *found: found)
    image = np.random.default_rng(0).integers(0, 255, (48, 128, 3)).astype(np.uint8)
    both = fcos_mm.load(model, score_thr=0, tiles=0)(image)
    whole = fcos_mm.load(model, score_thr=0)
    left, right = whole(image[:, :64]), whole(image[:, 64:])
    assert both.scores.tolist() == [*left.scores, *right.scores]
    np.testing.assert_allclose(both.boxes, np.concatenate([left.boxes, right.boxes + [64, 0] * 2]),
                               rtol=1e-6)


def test_detect(model, trained, tiny_data, run, tmp_path):
    for name, chosen in (('exported', model), ('trained', trained.work_dir)):
        status, screen = run(detect, tiny_data / 'images', '--model', chosen, '--score-thr', 0,
                             '--out-dir', tmp_path / name, '--device', 'cpu')
        assert status == 0 and len(list((tmp_path / name / 'vis').iterdir())) == 6
    exported, expected = (json.loads((tmp_path / name / 'detections.json').read_text())
                          for name in ('exported', 'trained'))
    assert exported == expected and len(exported) == 30


def test_test(model, trained, run, tmp_path, variant):
    """The same metrics to the last digit, for a config and for a work dir."""
    averaging = variant("custom_hooks = [dict(type='EMAHook')]")
    expected, _ = run(test, trained.config, trained.checkpoint, '--work-dir', tmp_path)
    for config in (averaging, trained.work_dir):
        out = tmp_path / 'found.pkl'
        metrics, screen = run(test, config, model, '--work-dir', tmp_path, '--out', out,
                              '--cfg-options', 'test_dataloader.batch_size=2')
        assert metrics == expected and 'parameters' not in screen and out.exists()
        assert f'model       {model} (decoded, fp32)' in screen
        assert '| (all)    | 4     |' in screen


def test_other_classes(model, trained, run, tmp_path, variant):
    other = variant("test_dataloader = dict(dataset=dict(metainfo=dict(classes=('jar', 'cup'))))")
    with pytest.raises(UserError, match=r"detects \['cup', 'jar'\], but the classes of the test"):
        run(test, other, model, '--work-dir', tmp_path)


@pytest.mark.parametrize('words, message', [
    (['{model}'], 'fcos-mm test CONFIG .*model.onnx'),
    (['{model}', 'my.py'], 'fcos-mm test my.py .*model.onnx'),
    (['{config}', 'none.onnx'], 'Exported model not found: none.onnx\nWrite it'),
    (['{config}', '{model}', '--fast'], '--fast is not for .*model.onnx'),
    (['{config}', '{model}', '--tta'], '--tta is not for')])
def test_what_test_refuses(words, message, model, trained, run, tmp_path):
    words = [word.format(model=model, config=trained.config) for word in words]
    with pytest.raises(UserError, match=message):
        run(test, *words, '--work-dir', tmp_path)


def test_a_loader_of_ones_own():
    steps = [dict(type='MyLoader'), dict(type='Resize'), dict(type='PackDetInputs')]
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=steps))))
    with pytest.raises(UserError, match='test_dataloader.dataset.pipeline has no LoadImageFromFi'):
        set_exported(cfg, 'model.onnx')
    steps[0]['type'] = 'mmdet.LoadImageFromFile'
    set_exported(cfg := Config(dict(test_dataloader=dict(dataset=dict(pipeline=steps)))), 'a.onnx')
    assert [step.type for step in cfg.test_dataloader.dataset.pipeline] == [
        'mmdet.LoadImageFromFile', 'PackDetInputs']


@pytest.mark.parametrize('words, message', [
    (['{model}'], r'by --model: --model .*model.onnx'),
    (['--model', '{model}', '--weights', 'a.pth'], 'contains its weights: leave --weights a.pth'),
    (['--model', '{model}', '--cfg-options', 'a=1'], '--cfg-options cannot change them'),
    (['--model', 'none.torchscript'], 'Exported model not found: none.torchscript')])
def test_what_detect_refuses(words, message, model, tiny_data, run, tmp_path):
    with pytest.raises(UserError, match=message):
        run(detect, tiny_data / 'images', *[word.format(model=model) for word in words],
            '--out-dir', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_two_files_of_openvino(tmp_path):
    (tmp_path / 'model.xml').touch()
    with pytest.raises(UserError, match='Exported model not found: .*model.bin'):
        opening.find_network(str(tmp_path / 'model.xml'))
    torch.save({}, tmp_path / 'model.bin')
    assert opening.find_network(str(tmp_path / 'model.xml')).path == str(tmp_path / 'model.xml')
    with pytest.raises(UserError, match='only the weights of an exported model.\nGive .*model.xml'):
        opening.find_network(str(tmp_path / 'model.bin'))


def test_options_of_pytorch(model):
    with pytest.raises(UserError, match='runs as it was exported.\n.* MODEL --format '
                       'openvino --precision bf16'):
        opening.open_network(ExportedModel(str(model), ''), precision='bf16')
    network = opening.open_network(ExportedModel(str(model), ''), precision=None)
    assert isinstance(network, ExportedNetwork)
