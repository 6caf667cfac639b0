"""What differs between two parts of configs: merged into the base it makes the other."""
import copy

import pytest
from mmengine.config import Config

from fcos_mm.checkpoints.convert.differences import difference, unequal

BASE = dict(a=dict(type='A', x=1, y=(1, 2)), b=dict(c=dict(type='C', z=0)), d=[1], e=None)


@pytest.mark.parametrize('wanted, expected', [
    (BASE, {}),
    (dict(BASE, d=(1, )), {}),  # lists and tuples are the same
    (dict(BASE, e=dict(f=1)), dict(e=dict(_delete_=True, f=1))),
    (dict(BASE, a=dict(type='A', x=2, y=[1, 2])), dict(a=dict(x=2))),
    (dict(BASE, a=dict(type='A', x=1)), dict(a=dict(_delete_=True, type='A', x=1))),
    (dict(BASE, a=dict(type='B', x=1, y=(1, 2))),
     dict(a=dict(_delete_=True, type='B', x=1, y=(1, 2)))),
    (dict(BASE, b=dict(c=dict(type='C', z=0, w=1))), dict(b=dict(c=dict(w=1)))),
    (dict(BASE, b=dict(c=None)), dict(b=dict(c=None))),
])
def test_what_differs(wanted, expected):
    found = difference(BASE, wanted)
    assert found == expected
    merged = Config(BASE)
    merged.merge_from_dict(copy.deepcopy(found))
    assert not list(unequal(merged.to_dict(), wanted))


def test_keys_that_are_unequal():
    found = unequal(dict(a=dict(b=1, c=(2, )), d=3), dict(a=dict(b=2, c=[2]), e=4))
    assert list(found) == [('a.b', 1, 2), ('d', 3, None), ('e', None, 4)]
