"""``fcos-mm export`` on a tiny detector."""
import contextlib
import io
import os
import signal
import sys

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

import fcos_mm
from fcos_mm.apis.exporting.pictures import Pictures
from fcos_mm.cli import export, main
from fcos_mm.errors import UserError
from fcos_mm.export.verify import Comparison
from fcos_mm.registry import MODELS
from fcos_mm.runtime.sessions import open_session

WRITER = 'fcos_mm.export.precision.write_onnx_as'  # of the format onnx


@pytest.fixture(scope='module')
def checkpoint(tiny_config, tmp_path_factory):
    """A checkpoint of random weights, with thresholds."""
    cfg = Config.fromfile(tiny_config)
    torch.manual_seed(0)
    model = MODELS.build({**cfg.model, '_scope_': 'fcos_mm'})
    torch.nn.init.normal_(model.bbox_head.conv_cls.weight, std=0.3)
    torch.nn.init.constant_(model.bbox_head.conv_reg.bias, 2.5)
    path = tmp_path_factory.mktemp('trained') / 'epoch_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(
        cfg=cfg.pretty_text, dataset_meta=dict(classes=('cup', 'jar')))), path)
    return path


def run(*words):
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        main(export, [str(word) for word in words])
    return screen.getvalue()


@pytest.fixture(scope='module')
def exported(checkpoint):
    return run(checkpoint), checkpoint.with_suffix('.onnx')


def test_written_beside_the_checkpoint(exported):
    screen, path = exported
    assert sorted(os.listdir(path.parent)) == ['epoch_1.onnx', 'epoch_1.pth']
    assert 'pictures of the validation set' in screen and 'batch 1 of 64x48 pixels' in screen
    assert f'written  {path}' in screen and f'fcos-mm detect pictures --model {path}' in screen
    info = open_session(path).info
    assert info.classes == ('cup', 'jar') and info.category_ids == (10, 20)
    assert info.shape == (1, 48, 64) and info.thresholds == (0.3, 0.3)
    assert info.version == fcos_mm.__version__


@contextlib.contextmanager
def handled(number):
    """Python's own handler, which commands in the background do not have for SIGINT."""
    default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, default)
    try:
        yield
        assert signal.getsignal(number) is default
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('swallowed', [False, True])
def test_stopped_while_writing(checkpoint, tmp_path, monkeypatch, capsys, number, swallowed):
    def stop(*_, **__):
        with contextlib.suppress(SystemExit if swallowed else ()):
            signal.raise_signal(number)
        raise UserError('it differs')

    monkeypatch.setattr(WRITER, lambda network, path, **_: path.touch())
    monkeypatch.setattr('fcos_mm.apis.exporting.export.verify', stop)
    with handled(number), pytest.raises(SystemExit) as ended:
        run(checkpoint, '--out', tmp_path / 'a.onnx')
    assert ended.value.code == 128 + number and list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == 'interrupted\n'


def test_missing_packages_are_named_before_the_model_is_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(UserError, match='--format onnx needs the package onnxruntime, which'):
        run('no_such_model')


def test_detections_are_those_of_the_model(exported, checkpoint, tiny_data):
    picture = tiny_data / 'images' / 'val_1.png'
    session = open_session(exported[1])
    pixels = cv2.imread(str(picture)).astype(np.float32) - np.float32(
        [102.9801, 115.9465, 122.7717])
    got = session.run(dict(images=pixels.transpose(2, 0, 1)[None],
                           sizes=np.float32([[48, 64]])))
    expected = fcos_mm.load(checkpoint, score_thr=0.)(str(picture))
    assert got['count'].tolist() == [len(expected)] == [5]
    assert np.abs(got['boxes'][0] - expected.boxes).max() < 0.05
    assert np.abs(got['scores'][0] - expected.scores).max() < 1e-4
    assert (got['labels'][0] == expected.labels).all()


def test_a_file_that_differs_is_not_left(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(WRITER, lambda network, path, **_: path.touch())

    def refuse(*_, **__):
        raise UserError('it differs')

    monkeypatch.setattr('fcos_mm.apis.exporting.export.verify', refuse)
    with pytest.raises(UserError, match='it differs'):
        run(checkpoint, '--out', tmp_path / 'new' / 'a.onnx')
    assert list((tmp_path / 'new').iterdir()) == []


def test_precisions_do_not_overwrite_each_other(checkpoint, monkeypatch):
    monkeypatch.setattr(WRITER, lambda network, path, **_: path.touch())
    nothing = Comparison(pictures=2, detections=0, score=0, box=0, lost=0, shown=0, same=0)
    monkeypatch.setattr('fcos_mm.apis.exporting.export.verify', lambda *_, **__: nothing)
    name = checkpoint.with_name('epoch_1_decoded_fp16_dynamic.onnx')
    screen = run(checkpoint, '--mode', 'decoded', '--precision', 'fp16', '--dynamic')
    assert f'written  {name}' in screen
    name.unlink()


def test_weights_never_stand_beside_another_network(checkpoint, tmp_path, monkeypatch):
    """Killed between two renames: the old .xml is gone before the new .bin is there."""
    monkeypatch.setattr('fcos_mm.export.openvino.write_openvino', lambda network, path, **_: [
        path.with_suffix(ending).touch() for ending in ('.xml', '.bin')])
    monkeypatch.setattr('fcos_mm.apis.exporting.export.verify', lambda *_, **__: None)
    monkeypatch.setattr('os.replace', lambda *_: (_ for _ in ()).throw(OSError('killed')))
    (tmp_path / 'a.xml').write_text('old')
    with pytest.raises(UserError, match='killed'):
        run(checkpoint, '--format', 'openvino', '--out', tmp_path / 'a.xml')
    assert not (tmp_path / 'a.xml').exists()


def test_a_comparison_of_nothing(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(WRITER, lambda network, path, **_: path.touch())
    nothing = Comparison(pictures=2, detections=0, score=0, box=0, lost=0, shown=0, same=0)
    monkeypatch.setattr('fcos_mm.apis.exporting.export.verify', lambda *_, **__: nothing)
    assert 'warning  the model finds nothing' in run(checkpoint, '--out', tmp_path / 'a.onnx')


@pytest.mark.parametrize('words, message', [
    (['--format', 'tflite'], 'no such format'),
    (['--out', 'model.xml'], 'or --format openvino'),
    (['--precision', 'bf16'], 'has no --precision bf16'),
    (['--dynamic', '--size', '64x48'], 'leave out --size'),
    (['--size', '64'], 'WIDTHxHEIGHT'),
    (['--out', 'model.pb'], r'ends with \.onnx'),
    (['--out', 'model.ONNX'], r'Give model\.onnx'),
    (['--cfg-options', 'model.test_cfg.nms.type=soft_nms'], '--mode raw'),
])
def test_options_that_cannot_be(checkpoint, words, message):
    with pytest.raises(UserError, match=message):
        run(checkpoint, *words)


def test_a_config_needs_weights(tiny_config):
    with pytest.raises(UserError, match='without weights'):
        run(tiny_config)


def test_pictures(tiny_config, tiny_data, tmp_path):
    cfg = Config.fromfile(tiny_config)
    bad = tmp_path / 'bad.jpg'
    bad.write_text('no picture')
    with pytest.raises(UserError, match='bad.jpg') as error:
        list(Pictures([str(bad)], cfg).some(1))
    assert 'annotation' not in str(error.value)
    assert [one.shape for one in Pictures(None, cfg).some(4)] == [(48, 64, 3)] * 2
    own = Pictures([str(tiny_data / 'images')], cfg)
    assert own.note == '6 pictures of --images' and len(list(own.some(4))) == 4
    pytest.importorskip('skimage')
    assert len(list(Pictures(None, Config(dict())).some(2))) == 2
