"""Suggestions for misspelt names."""
import pytest

from fcos_mm.config.nearest import did_you_mean, nearest


@pytest.mark.parametrize('name, known, expected', [
    ('num_class', ['num_classes', 'in_channels'], 'num_classes'),
    ('FCOSS', ['FCOS', 'RetinaNet'], 'FCOS'),
    ('fcos', ['FCOS', 'RetinaNet'], 'FCOS'),  # letter case does not count
    ('xyz', ['FCOS', 'RetinaNet'], None),
    ('a', [], None),
])
def test_nearest(name, known, expected):
    assert nearest(name, known) == expected


def test_question():
    assert did_you_mean('batchsize', ['batch_size']) == " Did you mean 'batch_size'?"
    assert did_you_mean('xyz', ['batch_size']) == ''
