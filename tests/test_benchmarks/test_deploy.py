"""``deploy.py``: what answers have in common, which rows there are, and the table."""
import json
from types import SimpleNamespace

import deploy
import numpy as np
import peers_onnx
import pytest
import torch
from cases import onnx as onnx_case
from deployment import subject, variants
from deployment.answers import Answer, in_common, ious
from deployment.table import markdown
from deployment.variants import Ready, Variant

from fcos_mm.compat.cpu_features import CpuFeatures
from fcos_mm.errors import UserError


def answer(*rows):
    boxes, scores, labels = zip(*rows) if rows else ((), (), ())
    return Answer(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32),
                  np.array(labels, np.int64))


BOX, SHIFTED, ASIDE = (0, 0, 10, 10), (1, 0, 11, 10), (5, 0, 15, 10)


def test_ious():
    """9 of 11 columns, 5 of 15, nothing; and a box without area."""
    found = ious(np.array([BOX], np.float32), np.array([SHIFTED, ASIDE, (20, 0, 30, 10),
                                                        (3, 3, 3, 3)], np.float32))
    np.testing.assert_allclose(found, [[9 / 11, 5 / 15, 0, 0]], rtol=1e-6)


def test_in_common():
    reference = answer((BOX, .9, 1), (BOX, .5, 1))
    assert in_common(reference, reference) == (2, 2, 0, 0)
    common = in_common(answer((SHIFTED, .85, 1), (BOX, .1, 1)), reference)
    assert (common.same, common.total, common.box) == (1, 2, 1)
    assert common.score == pytest.approx(0.05)
    for other in ((ASIDE, .9, 1), (BOX, .9, 0), (BOX, .75, 2)):
        assert in_common(answer(other), answer((BOX, .9, 1))).same == 0
    assert in_common(answer(), reference) == (0, 2, 0, 0)
    assert in_common(reference, answer()) == (0, 0, 0, 0)
    assert in_common(answer((BOX, .9, 1)), answer((BOX, .9, 1), (BOX, .9, 1))).same == 1


def test_rows_of_formats_and_precisions(monkeypatch):
    monkeypatch.setattr(variants, 'FORMATS', dict(
        onnx=SimpleNamespace(precisions=('fp32', 'int8')),
        openvino=SimpleNamespace(precisions=('fp32', 'bf16'))))
    assert [str(one) for one in variants.variants(['onnx', 'openvino'], ['fp32', 'bf16', 'int8'])
            ] == ['mmdet fp32', 'PyTorch fp32', 'PyTorch bf16', 'onnx fp32', 'onnx int8',
                  'openvino fp32', 'openvino bf16']
    assert len(variants.variants(['onnx'], ['int8'])) == 3


@pytest.mark.parametrize('flags, fast', [
    ([], ['fp32']), (['avx512_vnni'], ['fp32', 'int8']),
    (['amx_bf16', 'amx_int8'], ['fp32', 'bf16', 'int8'])])
def test_what_a_processor_computes_in(flags, fast, monkeypatch):
    monkeypatch.setattr(variants, 'cpu_features', lambda: CpuFeatures('one', frozenset(flags)))
    assert [precision for precision in deploy.PRECISIONS if Variant('onnx', precision).fast] == fast


class Setting:
    """Ways to run that answer at once; int8 finds half, openvino is not there."""

    def ready(self, variant):
        if variant.format == 'openvino':
            raise UserError('no openvino')
        rows = [(BOX, .9, 1), (ASIDE, .8, 0)]
        found = answer(*(rows[:1] if variant.precision == 'int8' else rows))
        return Ready(run=lambda: found, bytes=10**6, words=['a'])


@pytest.fixture
def rows(monkeypatch, capsys):
    monkeypatch.setattr(variants, 'Setting', lambda **options: Setting())
    monkeypatch.setattr(variants, 'cpu_features', CpuFeatures)
    args = deploy.parse_arguments(['--formats', 'onnx,openvino', '--precisions', 'fp32,int8',
                                   '--quick'])
    monkeypatch.setattr(variants, 'FORMATS', dict.fromkeys(
        ['onnx', 'openvino'], SimpleNamespace(precisions=('fp32', 'int8'))))
    found = deploy.measured(None, None, args)
    assert 'openvino fp32: not available: UserError: no openvino' in capsys.readouterr().err
    return found


def test_measured(rows):
    assert [(row['format'], row['precision'], row['same'], row['total'], row['fast'])
            for row in rows] == [('mmdet', 'fp32', 2, 2, True), ('PyTorch', 'fp32', 2, 2, True),
                                 ('onnx', 'fp32', 2, 2, True), ('onnx', 'int8', 1, 2, False)]
    assert rows[0]['ratio'] == 1 and all(row['rounds'] == 3 and row['ms'] > 0 for row in rows)
    assert not any(row['differs'] for row in rows)


def test_table(rows):
    for row in rows:
        row.update(ms=20, ratio=2, ratio_low=1.5, ratio_high=2.5)
    lines = markdown(rows)
    assert lines[0].endswith('| MB | same detections |')
    assert lines[4] == '| ONNX | fp32 | 20.0 | 2.00 | 1.50 to 2.50 | 1.0 | 2 of 2 |'
    assert lines[5].startswith('| ONNX | int8 \\* |') and lines[-1].startswith('\\* This proc')
    rows[2]['ap'] = 0.5
    assert markdown(rows)[4].endswith('| 0.500 |') and markdown(rows)[2].endswith('| - |')


def test_another_answer_in_fp32(capsys):
    """A box that is off by a tenth of a pixel; the same is nothing in int8."""
    moved = answer(((0, 0, 10, 10.1), .9, 1))
    found = deploy.compared({Variant('PyTorch', 'fp32'): answer((BOX, .9, 1)),
                             Variant('onnx', 'fp32'): moved, Variant('onnx', 'int8'): moved},
                            Variant('PyTorch', 'fp32'))
    assert [row['differs'] for row in found.values()] == [False, True, False]
    assert 'onnx fp32: DIFFERENT' in capsys.readouterr().err


def test_command_line(rows, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(subject, 'random_r50', lambda folder, size: SimpleNamespace(
        name=f'random {size}'))
    assert deploy.main(['--quick', '--formats', 'onnx', '--out', str(tmp_path / 'a' / 'rows.json')]
                       ) == 0
    written = json.loads((tmp_path / 'a' / 'rows.json').read_text())
    assert [row['format'] for row in written] == ['mmdet', 'PyTorch', 'PyTorch', 'onnx', 'onnx']
    assert written[0]['environment']['model'] == 'random (320, 544)'
    assert '| fcos_mm, PyTorch | fp32 |' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        deploy.main(['--data'])


def test_sizes_of_files(tmp_path):
    for name, size in (('a.onnx', 3), ('a.xml', 5), ('a.bin', 7)):
        (tmp_path / name).write_bytes(bytes(size))
    assert [subject.bytes_of(tmp_path / name) for name in ('a.onnx', 'a.xml')] == [3, 12]


@torch.no_grad()
def test_function_of_mmdet():
    """Ours and mmdet's network with decoding, before they become ONNX."""
    ours, theirs = peers_onnx.mmdet_pair((64, 96))
    images = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    found, expected = ours(images), theirs(images)
    assert found[0].shape == (1, 129, 4) and found[1].shape == (1, 129, 80)
    assert onnx_case.same_outputs(found, expected) == ''
    assert 'scores' in onnx_case.same_outputs((found[0], found[1] * 1.01), expected)


class Halves(torch.nn.Module):
    def forward(self, images):
        return images / 2, images.mean((2, 3))


def test_a_file_runs_as_its_network():
    pytest.importorskip('onnxruntime')
    images = np.random.default_rng(0).random((1, 3, 4, 4), np.float32)
    boxes, scores = peers_onnx.runner(Halves(), images, 'cpu')()
    assert np.array_equal(boxes, images / 2)
    np.testing.assert_allclose(scores, images.mean((2, 3)), rtol=1e-6)
