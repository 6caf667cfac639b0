"""The pictures on which a file is compared with its model and calibrated."""
import os.path as osp
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

import numpy as np
from mmengine.config import Config
from numpy import ndarray

from fcos_mm.config.datasets import first_dataset
from fcos_mm.datasets.coco_format import read_coco
from fcos_mm.detection.inputs import Inputs, is_video
from fcos_mm.errors import UserError
from fcos_mm.faults import counted
from fcos_mm.runtime.images import read_image
from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.preprocessing import Prepared, Preprocessor

_LOADERS = dict(validation='val_dataloader', test='test_dataloader',
                training='train_dataloader')
_PHOTOGRAPHS = ('astronaut', 'chelsea', 'coffee', 'rocket')  # of scikit-image


class Pictures:
    """Pictures of the user, of the config's data, or photographs that a package carries.

    Args:
        words: Images, folders and patterns; None for those of the config.
        cfg: The config.
        first: The set of the config that is used if it is there.

    Attributes:
        note: Which they are, for the screen.

    Raises:
        UserError: If the words mean no picture, or there are none at all.
    """

    def __init__(self, words: Sequence[str] | None, cfg: Config, *,
                 first: str = 'validation') -> None:
        self._paths: list[str] = []
        if words:
            self._paths = [path for path in Inputs(words, leave_out='').files
                           if not is_video(path)]
            self.note = counted(len(self._paths), 'picture') + ' of --images'
            return
        for name in (first, *_LOADERS):
            self._paths = _of_dataset(first_dataset(cfg.get(_LOADERS[name])))
            if self._paths:
                self.note = f'pictures of the {name} set'
                return
        self.note = f'the photographs {", ".join(_PHOTOGRAPHS)} of scikit-image'
        try:
            self._data = import_module('skimage.data')
        except ImportError as error:
            raise UserError('There are no pictures to compare on: the data of the config is not '
                            'here.\nGive some: --images FOLDER.') from error

    def some(self, count: int) -> Iterator[ndarray]:
        """Up to ``count`` pictures, evenly spread, as (height, width, 3) RGB uint8.

        Raises:
            UserError: If one cannot be read.
        """
        if not self._paths:
            for name in _PHOTOGRAPHS[:count]:
                yield getattr(self._data, name)()
            return
        places = np.linspace(0, len(self._paths) - 1, min(count, len(self._paths)))
        for place in places.round().astype(int):
            yield read_image(self._paths[place])


def batches_of(pictures: Iterable[ndarray], info: ModelInfo) -> Iterator[dict[str, ndarray]]:
    """Pictures as the runtime gives them to the file, in batches of its size, or one by one.

    The last batch is filled up with its last picture.

    Args:
        pictures: (height, width, 3) RGB uint8.
        info: The metadata of the file.

    Yields:
        ``images`` (B, 3, H, W) and ``sizes`` (B, 2), float32.

    Raises:
        UserError: If a picture is too thin to be resized.
    """
    preprocessor, size = Preprocessor(info), info.shape[0] or 1
    waiting: list[Prepared] = []
    for picture in pictures:
        waiting.append(preprocessor.prepare(picture))
        if len(waiting) == size:
            yield preprocessor.batch(waiting)
            waiting = []
    if waiting:
        yield preprocessor.batch(waiting + waiting[-1:] * (size - len(waiting)))


def _of_dataset(dataset: dict) -> list[str]:
    """The pictures of a dataset that are there."""
    root = dataset.get('data_root') or ''
    folder = (dataset.get('data_prefix') or {}).get('img') or ''
    file = dataset.get('ann_file') or ''
    if not isinstance(file, str) or not osp.isfile(osp.join(root, file)):
        return []
    images = read_coco(osp.join(root, file), dict(images=('file_name', )),
                       annotated=False)['images']
    paths = (osp.join(root, folder, image['file_name']) for image in images)
    return [path for path in paths if osp.isfile(path)]
