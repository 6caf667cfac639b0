"""Runtimes of exported files, and what is said of files that they cannot run."""
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from fcos_mm.errors import UserError
from fcos_mm.runtime import Detector, open_session
from fcos_mm.runtime.info import KEY
from fcos_mm.runtime.sessions import openvino as openvino_session
from fcos_mm.runtime.sessions.torchscript import EXTRA_FILE

RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)


class Mean(torch.nn.Module):
    """The mean of each image as the score of one box, as ``write_mean`` writes it."""

    def forward(self, images, sizes):
        scores = images.mean((1, 2, 3))[:, None]
        boxes = torch.tensor([[[0., 0., 32., 32.]]]).expand(len(scores), 1, 4)
        return boxes, scores, torch.ones_like(scores, dtype=torch.long), torch.ones(
            len(scores), dtype=torch.long)


@pytest.fixture(scope='module')
def info(make_info):
    return make_info(mode='nms', mean=(0., 0., 0.), std=(255., 255., 255.), pad_value=0.)


@pytest.fixture(scope='module')
def files(write_mean, info, tmp_path_factory):
    """The same network for each runtime."""
    folder = tmp_path_factory.mktemp('files')
    onnx = write_mean(str(folder / 'mean.onnx'), info)
    found = dict(onnx=onnx)
    try:
        import openvino
    except ImportError:
        pass
    else:
        model = openvino.convert_model(onnx)
        model.set_rt_info(info.to_json(), KEY)
        found['openvino'] = str(folder / 'mean.xml')
        openvino.save_model(model, found['openvino'], compress_to_fp16=False)
    found['torchscript'] = str(folder / 'mean.torchscript')
    torch.jit.save(torch.jit.script(Mean()), found['torchscript'],
                   _extra_files={EXTRA_FILE: info.to_json()})
    return found


@pytest.fixture(params=['onnx', 'openvino', 'torchscript'])
def file(files, request):
    if request.param not in files:
        pytest.skip('openvino is not installed')
    return files[request.param]


def test_every_runtime_reads_the_metadata_and_runs(file, info):
    threads = torch.get_num_threads()
    session = open_session(file, threads=1)
    assert session.info == info
    images = np.random.default_rng(0).random((2, 3, 32, 48)).astype(np.float32)
    outputs = session.run(dict(images=images, sizes=np.ones((2, 2), np.float32)))
    assert set(outputs) == {'boxes', 'scores', 'labels', 'count'}
    np.testing.assert_allclose(outputs['scores'][:, 0], images.mean((1, 2, 3)), rtol=1e-5)
    assert outputs['labels'].tolist() == [[1], [1]] and outputs['count'].tolist() == [1, 1]
    torch.set_num_threads(threads)


def test_every_runtime_detects(file):
    found = Detector(file, score_thr=0)([RGB, RGB[:, ::-1]])
    np.testing.assert_allclose(found[0].scores, [RGB.mean() / 255], rtol=1e-4)
    assert found[0].names == ['jar']


def test_threads_share_a_session(file):
    session = open_session(file, threads=1)
    inputs = [np.full((1, 3, 16, 16 * (1 + value % 2)), value, np.float32) for value in range(80)]

    def score(images):
        return session.run(dict(images=images, sizes=np.ones((1, 2), np.float32)))['scores'].item()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(score, inputs)) == pytest.approx(range(80))


@pytest.mark.parametrize('precision, hint', [('fp32', 'f32'), ('fp16', 'f32'), ('int8', 'f32'),
                                             ('bf16', 'bf16')])
def test_openvino_lowers_no_precision_by_itself(make_info, precision, hint):
    settings = openvino_session._settings(make_info(precision=precision), 3)
    assert settings == {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': hint,
                        'INFERENCE_NUM_THREADS': 3}
    assert 'INFERENCE_NUM_THREADS' not in openvino_session._settings(make_info(), None)


def test_files_that_are_not_there_or_no_models(files, tmp_path):
    with pytest.raises(UserError, match=r"not found: .*men.onnx. Did you mean 'mean.onnx'\?"):
        open_session(files['onnx'].replace('mean.onnx', 'men.onnx'))
    with pytest.raises(UserError, match='best.pth is not an exported model: .*\n.*fcos-mm export'):
        open_session(tmp_path / 'best.pth')
    with pytest.raises(UserError, match='threads=0'):
        open_session(files['onnx'], threads=0)
    (tmp_path / 'no_folder').mkdir()
    with pytest.raises(UserError, match='not found'):
        open_session(tmp_path / 'nowhere' / 'a.onnx')


def test_damaged_files(file, tmp_path):
    ending = file[file.rindex('.'):]
    content = open(file, 'rb').read()
    (tmp_path / 'a.bin').touch()
    for damaged in (b'', b'nothing', content[:len(content) // 2]):
        (tmp_path / f'a{ending}').write_bytes(damaged)
        with pytest.raises(UserError, match=f'a{ending} (cannot be loaded|was not written)'):
            open_session(tmp_path / f'a{ending}')


def test_files_of_others_have_no_metadata(write_onnx, make_info, tmp_path):
    file = write_onnx(str(tmp_path / 'a.onnx'), make_info(), metadata=False,
                      boxes=np.zeros((1, 1, 4), np.float32))
    with pytest.raises(UserError, match='a.onnx was not written by `fcos-mm export`'):
        open_session(file)
    torch.jit.save(torch.jit.script(Mean()), str(tmp_path / 'a.torchscript'))
    with pytest.raises(UserError, match='a.torchscript was not written by `fcos-mm export`'):
        open_session(tmp_path / 'a.torchscript')


def test_openvino_without_its_weights(files, tmp_path):
    if 'openvino' not in files:
        pytest.skip('openvino is not installed')
    (tmp_path / 'a.xml').write_bytes(open(files['openvino'], 'rb').read())
    with pytest.raises(UserError, match='a.xml has no weights: .*a.bin is missing'):
        open_session(tmp_path / 'a.xml')
    (tmp_path / 'a.bin').touch()
    with pytest.raises(UserError, match='holds the weights of an OpenVINO model.\nGive .*a.xml'):
        open_session(tmp_path / 'a.bin')


def test_devices(file):
    with pytest.raises(UserError, match=r"device 'moon': .* it has cpu"):
        open_session(file, device='moon')
    with pytest.raises(UserError, match="device 'cpu:9'"):
        open_session(file, device='cpu:9')


@pytest.mark.parametrize('kind, package, command', [
    ('onnx', 'onnxruntime', r"pip install 'fcos_mm\[runtime\]'"),
    ('openvino', 'openvino', 'pip install openvino'),
    ('torchscript', 'torch', 'pip install torch')])
def test_packages_that_are_missing(files, monkeypatch, kind, package, command):
    file = files.get(kind, files['onnx'])
    if kind not in files:
        pytest.skip('openvino is not installed')
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f'needs the package {package}.*\n.*{command}'):
        open_session(file)
