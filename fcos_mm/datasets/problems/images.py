"""Problems of images within a split."""
import os
import os.path as osp
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fcos_mm.datasets.converters.coco import IMAGE_SUFFIXES
from fcos_mm.datasets.image_header import Header
from fcos_mm.datasets.problems.pictures import Picture, folders_of
from fcos_mm.datasets.problems.problem import Case, Problem, image_problem
from fcos_mm.datasets.statistics.histogram import boxes_per_image
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.faults import EXAMPLES

_MIRRORED = (2, 3, 4)  # EXIF orientations that keep width and height


def image_problems(split: LabelledSplit, pictures: Mapping[str, Picture]
                   ) -> Iterator[Problem | None]:
    """Problems of a split's images and of their entries."""
    found: dict[str, dict[int, str]] = {
        'missing': {}, 'unreadable': {}, 'listed_twice': {}, 'sides_exchanged': {},
        'exif_turned': {}, 'other_size': {}, 'exif_mirrored': {}, 'exif_invalid': {}}
    first: dict[str, int] = {}
    for place, path in enumerate(split.paths):
        picture, earlier = pictures[path], first.setdefault(path, place)
        if not picture.found:
            found['missing'][place] = ''
        elif picture.is_broken:
            found['unreadable'][place] = ''
        if earlier != place:
            found['listed_twice'][place] = (f"image {split.images[place]['id']} and image "
                                            f"{split.images[earlier]['id']}")
        if picture.header is not None:
            declared = tuple(split.image_sizes[place].astype(int).tolist())
            for kind, text in header_problems(picture.header, declared):
                found[kind][place] = text
    for kind, wrong in found.items():
        yield image_problem(kind, split, wrong)
    empty = np.flatnonzero(boxes_per_image(split) == 0)
    yield image_problem('without_boxes', split, dict.fromkeys(empty.tolist(), ''))


def header_problems(header: Header, declared: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """Kind and text of what a file and its entry disagree on."""
    width, height = header.size
    text = f'the file is {width} x {height}, the annotation has {declared[0]} x {declared[1]}'
    if declared != header.size:
        if declared == header.stored:
            yield 'exif_turned', f'{text}, EXIF orientation {header.orientation}'
        else:
            yield ('sides_exchanged' if declared == (height, width) else 'other_size'), text
    if header.orientation in _MIRRORED:
        yield 'exif_mirrored', f'EXIF orientation {header.orientation}'
    elif header.orientation not in range(9):  # some cameras write 0 for unknown
        yield 'exif_invalid', f'EXIF orientation {header.orientation}'


def unlisted(splits: Sequence[LabelledSplit]) -> Iterator[Problem]:
    """Image files beside those of the splits that no split lists."""
    listed = {osp.realpath(path) for split in splits for path in split.paths}
    beside = [path for folder in sorted(folders_of(splits)) if osp.isdir(folder)
              for name in sorted(os.listdir(folder)) if name.lower().endswith(IMAGE_SUFFIXES)
              and osp.realpath(path := osp.join(folder, name)) not in listed]
    if beside:
        yield Problem('unlisted', ', '.join(split.name for split in splits), len(beside),
                      [Case(path, path) for path in beside[:EXAMPLES]])
