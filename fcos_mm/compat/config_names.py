"""Makes ``_base_ = 'fcos_mm::fcos/...'`` work: mmengine looks names up here."""
from mmengine.config.utils import MODULE2PACKAGE


def name_shipped_configs() -> None:
    """Let mmengine find the configs that this package ships.

    mmengine asks for the place of an installed distribution. For an editable
    install its original line answers with the folder of the installed metadata,
    where no configs are. A module inside the package is not a distribution's
    name, so both lines ask the import system, which knows the right place.
    """
    MODULE2PACKAGE['fcos_mm'] = 'fcos_mm.version'
