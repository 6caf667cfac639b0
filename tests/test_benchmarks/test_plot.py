"""Plots from rows."""
import json

import pytest

plot = pytest.importorskip('plot', reason='no matplotlib')


@pytest.fixture
def rows(row):
    return [
        row(axis='boxes', boxes=10, locations=100, radius=None, images=4),
        row(axis='boxes', boxes=100, locations=100, radius=None, images=4, ours_ms=5., peer=None,
            peer_ms=None, peer_mem_mb=None),
        row(axis='boxes', boxes=10, locations=100, radius=1.5, images=4),
        row(axis='size', boxes=50, locations=400, radius=None, images=4),
    ]  # yapf: disable


def test_curves(rows):
    assert plot.curves(rows[:3], 'boxes', 'ms') == {
        ('ours', None): [(10, 2.), (100, 5.)],
        ('mmdet', None): [(10, 8.)],
        ('ours', 1.5): [(10, 2.)],
        ('mmdet', 1.5): [(10, 8.)],
    }


def test_files(rows, tmp_path, capsys):
    path = tmp_path / 'rows.json'
    path.write_text(json.dumps(rows))
    assert plot.main([str(path), '--out', str(tmp_path / 'plots')]) == 0
    printed = capsys.readouterr().out
    for name in ('assign-boxes.png', 'assign-size.png'):
        assert (tmp_path / 'plots' / name).read_bytes().startswith(b'\x89PNG')
        assert name in printed


def test_nothing_to_draw(row, tmp_path, capsys):
    path = tmp_path / 'rows.json'
    path.write_text(json.dumps([row()]))
    assert plot.main([str(path)]) == 2
    assert 'assign --sweep' in capsys.readouterr().err
