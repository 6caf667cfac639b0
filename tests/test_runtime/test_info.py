"""The metadata of files: old ones load, and old readers are told of new ones."""
import json

import pytest

from fcos_mm.errors import UserError
from fcos_mm.runtime.info import ModelInfo


def test_files_of_older_versions_load(make_info):
    values = json.loads(make_info().to_json())
    assert values['format'] == 1  # which they read too
    assert not {'backend', 'rounding'} & values['preprocessing'].keys()
    read = ModelInfo.from_json(json.dumps(values), 'x')
    assert (read.preprocessing.backend, read.preprocessing.rounding) == ('cv2', 'nearest')
    assert read == make_info()


@pytest.mark.parametrize('changed', [dict(backend='pillow'), dict(rounding='official'),
                                     dict(backend='torch', rounding='torchvision')])
def test_only_files_that_need_it_have_the_new_format(make_info, changed):
    info = make_info(**changed)
    assert json.loads(info.to_json())['format'] == 2
    assert ModelInfo.from_json(info.to_json(), 'x') == info != make_info()


def test_a_later_format_and_an_unknown_rule(make_info):
    values = json.loads(make_info(backend='pillow').to_json())
    with pytest.raises(UserError, match='x was written by fcos_mm 1, and this version cannot'):
        ModelInfo.from_json(json.dumps({**values, 'format': 3}), 'x')
    values['preprocessing']['backend'] = 'other'
    with pytest.raises(UserError, match='x: its metadata .* is damaged .*backend'):
        ModelInfo.from_json(json.dumps(values), 'x')
