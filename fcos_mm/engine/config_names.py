"""Makes ``_base_ = 'fcos_mm::fcos/...'`` work: mmengine looks names up here.

mmengine asks for the place of an installed distribution. For an editable
install its original line answers with the folder of the installed metadata,
where no configs are. A module inside the package is not a distribution's
name, so both lines ask the import system, which knows the right place.
"""
from mmengine.config.utils import MODULE2PACKAGE

MODULE2PACKAGE['fcos_mm'] = 'fcos_mm.version'
