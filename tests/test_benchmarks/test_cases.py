"""The cases at a small size: ours and the peers agree, and a wrong answer is seen."""
import peers
import pytest
import torch
from cases import assign, loss, nms, postprocess
from harness.maps import pairs_above, trained_maps

SMALL = (256, 320)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Build the cases with two small images."""
    for module in (assign, loss, postprocess):
        monkeypatch.setattr(module, 'SIZE', SMALL)
    monkeypatch.setattr(assign, 'BOXES', (0, 1, 7))
    monkeypatch.setattr(assign, 'SWEEP_BOXES', (1, 7))
    monkeypatch.setattr(assign, 'SWEEP_SIZES', ((128, 160), SMALL))
    monkeypatch.setattr(assign, 'BEARABLE', 1)
    monkeypatch.setattr(loss, 'BOXES', (1, 7))
    for module in (assign, loss):
        monkeypatch.setattr(module, 'IMAGES', 2)
    monkeypatch.setattr(postprocess, 'SCENES', {'small': (1, 5)})
    monkeypatch.setattr(nms, 'SCENES', (nms.Scene(60, 3, 10), ))


def agreeing(case, peer):
    """Return ours, after checking that the peer agrees."""
    ours = case.ours()
    assert case.same(ours, case.peers[peer]()) == ''
    return ours


def test_assign():
    cases = list(assign.cases(device='cpu', against=['mmdet']))
    assert [case.name for case in cases] == [
        f'{boxes} boxes, {sampling}' for sampling in ('no center sampling', 'center sampling 1.5')
        for boxes in (0, 1, 7)]
    for case in cases:
        targets = agreeing(case, 'mmdet')
        assert bool(targets.positive.any()) == (case.columns['boxes'] > 0)
        wrong = targets._replace(labels=targets.labels + 1)
        assert 'labels' in case.same(wrong, case.peers['mmdet']())
        if case.columns['boxes']:
            wrong = targets._replace(distances=targets.distances + 1)
            assert 'distances' in case.same(wrong, case.peers['mmdet']())


def test_assign_against_torchvision():
    if reason := peers.why_not('torchvision'):
        pytest.skip(reason)
    cases = [case for case in assign.cases(device='cpu', against=['torchvision']) if case.peers]
    assert len(cases) == 3
    for case in cases:
        targets = agreeing(case, 'torchvision')
        wrong = targets._replace(gt_index=targets.gt_index + 1)
        assert 'matches' in case.same(wrong, case.peers['torchvision']())


def test_sweep_of_assign():
    cases = list(assign.sweep(device='cpu', against=['mmdet']))
    assert len(cases) == 2 * (2 + 2)
    assert [sorted(case.peers) for case in cases[:2]] == [['mmdet'], []]
    assert {case.columns['axis'] for case in cases} == {'boxes', 'size'}
    agreeing(cases[-1], 'mmdet')


def test_loss():
    cases = list(loss.cases(device='cpu', against=['mmdet']))
    assert [case.name for case in cases] == [
        f'{boxes} boxes, {variant}' for variant in ('eager', 'compiled') for boxes in (1, 7)]
    for case in (*cases[:2], cases[3]):  # compiling once is enough
        losses, gradients = agreeing(case, 'mmdet')
        assert set(losses) == {'loss_cls', 'loss_bbox', 'loss_centerness',
                               'centerness_above_floor'}
        assert len(gradients) == 15
        expected = case.peers['mmdet']()
        wrong = {**losses, 'loss_cls': losses['loss_cls'] * 1.0001}
        assert 'loss_cls' in case.same((wrong, gradients), expected)
        wrong = [*gradients[:3], gradients[3] * 1.1, *gradients[4:]]
        assert 'gradient of map 3' in case.same((losses, wrong), expected)


def test_postprocess():
    case, = postprocess.cases(device='cpu', against=['mmdet'])
    results = agreeing(case, 'mmdet')
    assert len(results) == 2 and all(len(result) for result in results)
    assert 'detections' in case.same([result[1:] for result in results], case.peers['mmdet']())


def test_nms():
    pytest.importorskip('cv2')
    case, = nms.cases(device='cpu', against=[])
    kept = agreeing(case, 'opencv')
    assert 10 <= len(kept) < 60
    assert '1 by one' in case.same(kept[1:], case.peers['opencv']())


def test_no_peers():
    for module in (assign, loss, postprocess):
        assert not next(iter(module.cases(device='cpu', against=[]))).peers


def test_trained_maps_look_like_a_trained_detector():
    maps = trained_maps((7, 7), (800, 1333), 'cpu')
    counts = pairs_above(maps, 0.05)
    assert ((counts > 200) & (counts < 3000)).all()
    firing = [bool((level.sigmoid() > 0.05).any()) for level in maps.class_logits]
    assert sum(firing) >= 4  # spread over the levels
    again = trained_maps((7, 7), (800, 1333), 'cpu')
    assert torch.equal(maps.class_logits[0], again.class_logits[0])
