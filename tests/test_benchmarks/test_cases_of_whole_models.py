"""The cases of whole networks, of loading and of evaluation at a small size."""
import numpy as np
import pytest
import torch
from cases import coco_eval, forward, inference, loader, train_step


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Build the cases with little data."""
    monkeypatch.setattr(forward, 'SIZE', (64, 96))
    monkeypatch.setattr(inference, 'SIZE', (64, 90))
    monkeypatch.setattr(inference, 'PAIRS', 40)
    monkeypatch.setattr(train_step, 'BATCH', dict(cpu=(1, (64, 96))))
    monkeypatch.setattr(loader, 'IMAGES', 3)
    monkeypatch.setattr(loader, 'SCALES', ((80, 60), ))
    for name, value in dict(IMAGES=20, BOXES=150, CLASSES=5, NOISE=2).items():
        monkeypatch.setattr(coco_eval, name, value)


def test_forward():
    case = next(forward.cases(device='cpu', against=['mmdet']))
    expected, maps = case.peers['mmdet'](), case.ours()
    assert len(maps) == 15 and case.same(maps, expected) == ''
    wrong = [*maps[:3], maps[3] + 1e-3 * maps[3].abs().max(), *maps[4:]]
    assert 'map 3' in case.same(wrong, expected)


def test_inference():
    case = inference.case('memory returned', dict(keep_memory=False), 'cpu', ['mmdet'])
    expected, found = case.peers['mmdet'](), case.ours()
    assert 0 < len(found[0]) <= 40 and case.same(found, expected) == ''
    assert case.same([found[0][1:]], expected)


@pytest.mark.parametrize('source', [forward, inference, train_step])
def test_bfloat16_against_float32(source):
    case = next(source.cases(device='cpu', against=['mmdet'], precision='bf16'))
    expected, found = case.peers['mmdet'](), case.ours()
    assert case.same(found, expected) == ''
    assert 'bf16' in case.name or 'mixed precision' in case.name


def test_train_step():
    case, = train_step.cases(device='cpu', against=['mmdet'])
    expected, losses = case.peers['mmdet'](), case.ours()
    assert case.same(losses, expected) == ''
    for name, value in case.ours().items():
        assert torch.equal(value, losses[name]), 'the rate is 0: a step changes nothing'
    assert 'loss_bbox' in case.same(dict(losses, loss_bbox=losses['loss_bbox'] * 1.01), expected)


def test_loader():
    cases = loader.cases(device='cpu', against=['mmdet'])  # whose files last as long as it
    case = next(cases)
    expected, samples = case.peers['mmdet'](), case.ours()
    assert [tuple(sample['inputs'].shape) for sample in samples] == [(3, 60, 80)] * 3
    assert case.same(samples, expected) == ''
    samples[1]['inputs'][0, 5, 5] += 1
    assert case.same(samples, expected) == 'image 1: the images differ'
    samples = case.ours()
    samples[2]['data_samples'].gt_instances.bboxes.tensor[0, 0] += 1
    assert case.same(samples, expected) == 'image 2: the boxes differ'


def test_coco_eval():
    pytest.importorskip('faster_coco_eval')
    numbers = next(coco_eval.cases(device='cpu', against=[]))
    found = numbers.ours()
    assert 0.1 < found[0] < 0.9 and numbers.same(found, numbers.peers['pycocotools']()) == ''
    assert numbers.same(np.nextafter(found, 1), found), 'the last bit counts'


def test_coco_metric():
    pytest.importorskip('faster_coco_eval')
    cases = coco_eval.cases(device='cpu', against=['mmdet'])  # whose files last as long as it
    next(cases)
    case = next(cases)
    logged = case.ours()
    assert logged['bbox_mAP'] > 0.1 and case.same(logged, case.peers['mmdet']()) == ''
    assert case.same(dict(logged, bbox_mAP=0.1), logged)
