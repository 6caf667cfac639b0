"""A dataset's annotations as the checks see them: read once, boxes as arrays."""
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fcos_mm.datasets.box_form import box_sizes
from fcos_mm.faults import EXAMPLES


@dataclass(frozen=True)
class CocoSource:
    """One COCO-format dataset of a config, its paths joined as mmdet does.

    Attributes:
        key: Where it stands in the config, e.g. ``train_dataloader.dataset``.
        image_folder: Folder the file names of the images are relative to.
        classes_given: False where the classes are the dataset type's own
            because the config does not set ``metainfo.classes``.
        test_mode: Whether mmdet skips the filter.
        labels_by_name: Whether labels follow the order of ``classes``; mmdet's
            own datasets number them in the order of the file's categories.
    """
    key: str
    ann_file: str
    image_folder: str = ''
    classes: tuple = ()
    classes_given: bool = True
    test_mode: bool = False
    filter_cfg: dict = field(default_factory=dict)
    local: bool = True
    labels_by_name: bool = False

    def __str__(self) -> str:
        return f'{self.key} ({self.ann_file})'


def useless_boxes(boxes: np.ndarray, sizes: np.ndarray, areas: np.ndarray
                  ) -> dict[str, np.ndarray]:
    """Masks (N,) of the boxes that mmdet's dataset skips, by what is wrong with them.

    Args:
        boxes: (N, 4) as x, y, width, height.
        sizes: (N, 2), width and height of each box's image.
        areas: (N,), as annotated.
    """
    near, far = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    no_area = (boxes[:, 2:] <= 0).any(1)
    outside = (np.minimum(far, sizes) <= np.maximum(near, 0)).any(1) & ~no_area
    thin = ((boxes[:, 2:] < 1).any(1) | (areas <= 0)) & ~no_area & ~outside
    return {'have no area': no_area, 'lie outside their image': outside,
            'have a side below 1 pixel or an area of 0': thin}


@dataclass
class CheckedData:
    """A dataset of a config and the contents of its annotation file.

    The arrays need images and annotations that have passed
    :func:`fcos_mm.datasets.coco_format.coco_faults`.

    Attributes:
        images: The images that will be read: all, or those the dataset's filter keeps.
        warnings: What is wrong with boxes that are not :attr:`usable`.
    """
    source: CocoSource
    data: dict
    cfg: dict = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.images: list[dict] = self.data['images']

    @cached_property
    def boxes(self) -> np.ndarray:
        """(N, 4), x, y, width, height as written."""
        return np.array([box['bbox'] for box in self.data['annotations']],
                        dtype=np.float64).reshape(-1, 4)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(N, 2), width and height of each box's image."""
        return box_sizes(self.data)

    @cached_property
    def useless(self) -> dict[str, np.ndarray]:
        """Masks (N,) of the boxes that mmdet's dataset skips, by what is wrong with them."""
        areas = np.array([box['area'] for box in self.data['annotations']], dtype=np.float64)
        return useless_boxes(self.boxes, self.sizes, areas)

    @property
    def usable(self) -> np.ndarray:
        """(N,) bool, the annotations that mmdet's dataset keeps."""
        return ~np.any(list(self.useless.values()), axis=0)

    @cached_property
    def wanted(self) -> set:
        """Ids of the categories that are classes of the dataset."""
        return {entry['id'] for entry in self.data['categories']
                if entry['name'] in self.source.classes}

    def box_message(self, wrong: np.ndarray, what: str) -> str:
        """``3 of 9 boxes ...`` and the first of them."""
        files = {image['id']: image['file_name'] for image in self.data['images']}
        boxes = [self.data['annotations'][index] for index in np.flatnonzero(wrong)[:EXAMPLES]]
        return '\n  '.join([
            f'{self.source}: {int(wrong.sum())} of {len(wrong)} boxes {what}:',
            *(f"{files[box['image_id']]}: annotation {box['id']}, bbox {box['bbox']}, area "
              f"{box['area']}" for box in boxes)])
