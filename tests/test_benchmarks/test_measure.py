"""A case is checked before it is measured."""
import pytest
import torch
from harness.case import Case, NotAvailable
from harness.measure import DifferentAnswersError, Options, measure

KEYS = {'what', 'case', 'ours_ms', 'peer', 'peer_ms', 'ratio', 'ratio_low', 'ratio_high',
        'ours_best_ms', 'peer_best_ms', 'ours_mem_mb', 'peer_mem_mb', 'rounds'}  # yapf: disable
OPTIONS = Options(rounds=3)


class Counted:
    """A function that counts its calls and returns a tensor of a megabyte."""

    def __init__(self, value):
        self.value, self.calls = value, 0

    def __call__(self):
        self.calls += 1
        return torch.full((2**18, ), self.value)


def same(ours, theirs):
    return '' if torch.equal(ours, theirs) else f'{ours[0]:g} and {theirs[0]:g}'


def test_rows():
    case = Case('three', Counted(3.), dict(mmdet=Counted(3.), torchvision=Counted(3.)), same,
                dict(boxes=7))
    rows = measure('assign', case, OPTIONS)
    assert [row['peer'] for row in rows] == ['mmdet', 'torchvision']
    for row in rows:
        assert set(row) == KEYS | {'boxes'}
        assert (row['what'], row['case'], row['boxes'], row['rounds']) == ('assign', 'three', 7, 3)
        assert row['ours_mem_mb'] == pytest.approx(1, rel=0.01)
        assert row['peer_mem_mb'] == pytest.approx(1, rel=0.01)
        assert row['ratio_low'] <= row['ratio'] <= row['ratio_high']
        assert row['ours_ms'] >= row['ours_best_ms'] > 0
        assert row['peer_ms'] >= row['peer_best_ms'] > 0


def test_refuses_to_time_different_answers():
    ours, peer = Counted(3.), Counted(4.)
    with pytest.raises(DifferentAnswersError, match='mmdet differ: 3 and 4'):
        measure('assign', Case('three', ours, dict(mmdet=peer), same), OPTIONS)
    assert ours.calls == peer.calls == 1


def test_one_wrong_peer_is_enough():
    case = Case('three', Counted(3.), dict(mmdet=Counted(3.), torchvision=Counted(5.)), same)
    with pytest.raises(DifferentAnswersError, match='torchvision'):
        measure('assign', case, OPTIONS)


def test_ours_alone():
    row, = measure('assign', Case('alone', Counted(3.), {}, same), OPTIONS)
    assert set(row) == KEYS
    assert row['ours_ms'] > 0 and row['ours_mem_mb'] == pytest.approx(1, rel=0.01)
    assert {row[key] for key in KEYS if key.startswith(('peer', 'ratio'))} == {None}


def test_a_peer_that_is_not_available_is_left_out():
    def missing():
        raise NotAvailable('no compiler')

    said = []
    case = Case('three', Counted(3.), dict(torchvision=missing, mmdet=Counted(3.)), same)
    rows = measure('assign', case, Options(rounds=1, say=said.append))
    assert [row['peer'] for row in rows] == ['mmdet']
    assert 'assign: three: torchvision not available: no compiler' in said


def test_memory_outside_of_tensors_is_unknown():
    row, = measure('nms', Case('list', lambda: [1], dict(opencv=lambda: [1]),
                               lambda *answers: ''), OPTIONS)
    assert row['ours_mem_mb'] is None and row['peer_mem_mb'] is None
