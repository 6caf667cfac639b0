"""Sizes and the ring's arithmetic."""
import sys

import pytest
import scale
import torch


def test_frozen_weights_have_no_gradient():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1).double())
    assert scale.gradient_bytes(model) == 4 * (12 + 4) + 8 * (4 + 1)
    model[0].requires_grad_(False)
    assert scale.gradient_bytes(model) == 40


@pytest.mark.parametrize('processes, sent', [(1, 0), (2, 100), (4, 150), (100, 198)])
def test_ring(processes, sent):
    """Of 100 bytes: four processes pass on a quarter, three times and three times again."""
    assert scale.sent_bytes(100, processes) == pytest.approx(sent)


def test_results_grow_with_detections():
    each = (scale.result_bytes(100) - scale.result_bytes(50)) / 50
    assert each == pytest.approx(4 * 4 + 4 + 8, abs=0.5)  # four corners, a score, a label


def test_table(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['scale.py', '--step-seconds', '0.5', '--gigabytes', '10'])
    scale.main()
    lines = capsys.readouterr().out.splitlines()
    size = int(lines[0].split('gradients ')[1].split(' bytes')[0].replace(',', ''))
    row = next(line for line in lines if line.startswith('| 2 |'))
    assert row == f'| 2 | {size / 1e6:.1f} | {size / 1e10:.4f} | {size / 5e9:.1%} |'
