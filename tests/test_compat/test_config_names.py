"""``fcos_mm::...`` as a base config."""
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.utils import get_installed_path, is_installed

import fcos_mm


def test_mmengine_finds_the_package():
    name = MODULE2PACKAGE['fcos_mm']
    assert is_installed(name)
    assert f'{get_installed_path(name)}/__init__.py' == fcos_mm.__file__
