"""What the converters share: the COCO dictionary and the report of faults."""
import json
import math
import os
import os.path as osp
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from fcos_mm.errors import UserError

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
_EXAMPLES = 5
_MAIN_REASONS = 2
_CLIP_TOLERANCE = 0.5  # pixels that rounding may push a box out of its image
_SKIPPED = 'boxes skipped'  # begins the kinds of fault that lose a box
_MANY_SKIPPED = 0.01  # share of the boxes above which their loss is a warning


class CocoWriter:
    """Collects images and boxes and counts what is wrong with them.

    Ids count from 1 in the order of the calls, those of categories in the
    order of the classes, so that equal input gives an equal file.

    Args:
        classes: Names of the classes.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = list(classes)
        self.images: list = []
        self.annotations: list = []
        self.faults: dict = defaultdict(list)

    def fault(self, kind: str, where: str) -> None:
        """Note a fault.

        Args:
            kind: What is wrong and what was done about it.
            where: The file and place.
        """
        self.faults[kind].append(where)

    def add_image(self, file_name: str, width: int, height: int) -> None:
        """Add an image; the boxes that follow belong to it.

        Args:
            file_name: Path relative to the folder of the images.
            width: Its width in pixels.
            height: Its height in pixels.
        """
        self.images.append(dict(
            id=len(self.images) + 1, file_name=file_name, width=width, height=height))

    def add_box(self, label: int, box: Sequence[float], where: str, crowd: bool = False) -> None:
        """Add a box to the last image, cut to the image's area.

        A box that is not finite, has no area or lies outside is skipped.

        Args:
            label: Index of its class.
            box: Corners (x0, y0, x1, y1) in pixels.
            where: The file and place, for the report.
            crowd: Whether the box marks a region to ignore.
        """
        image = self.images[-1]
        where = f'{where}: box {[round(value, 2) for value in box]}'
        if not all(math.isfinite(value) for value in box):
            self.fault('boxes skipped: not a finite number', where)
            return
        x0, y0, x1, y1 = box
        if x1 <= x0 or y1 <= y0:
            self.fault('boxes skipped: no area', where)
            return
        cut = (max(x0, 0), max(y0, 0), min(x1, image['width']), min(y1, image['height']))
        if cut[2] <= cut[0] or cut[3] <= cut[1]:
            self.fault('boxes skipped: outside the image', where)
            return
        if max(abs(a - b) for a, b in zip(cut, box, strict=True)) > _CLIP_TOLERANCE:
            self.fault('boxes cut to their image', where)
        width, height = (_number(cut[axis + 2] - cut[axis]) for axis in (0, 1))
        if not width or not height:  # less than half a thousandth of a pixel
            self.fault('boxes skipped: no area', where)
            return
        self.annotations.append(dict(
            id=len(self.annotations) + 1,
            image_id=image['id'],
            category_id=label + 1,
            bbox=[_number(cut[0]), _number(cut[1]), width, height],
            area=_number(width * height),
            iscrowd=int(crowd)))

    def write(self, path: str) -> None:
        """Write the COCO file.

        Args:
            path: The JSON file; its folder is made if it is not there.

        Raises:
            UserError: If no image could be converted, or no box was found.
        """
        for entries, lack in (
                (self.images, 'no image could be converted'),
                (self.annotations, f'no box was found in {len(self.images)} images')):
            if not entries:
                raise UserError(f'{path} is not written: {lack}.\n{self._main_reasons()}'
                                'Mend the labels, or check that these are the right folders.')
        categories = [dict(id=number, name=name) for number, name in enumerate(self.classes, 1)]
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(dict(
            images=self.images, annotations=self.annotations, categories=categories)),
            encoding='utf-8')

    def _main_reasons(self) -> str:
        """The most frequent faults, each with its first case."""
        main = sorted(self.faults.items(), key=lambda fault: -len(fault[1]))[:_MAIN_REASONS]
        return ''.join(f'  {len(cases)} {kind}, e.g. {cases[0]}\n' for kind, cases in main)

    def warning(self) -> str | None:
        """Say that many boxes were lost; None if at most 1 % of them were."""
        skipped = sum(len(cases) for kind, cases in self.faults.items()
                      if kind.startswith(_SKIPPED))
        total = skipped + len(self.annotations)
        if skipped <= _MANY_SKIPPED * total:
            return None
        return (f'{skipped} of {total} boxes ({100 * skipped / total:.0f} %) were skipped, for the '
                'reasons listed above. A detector trained on the rest learns that these objects '
                'are background: mend the labels and convert again.')

    def summary(self) -> str:
        """Say how much was converted, and the first cases of every fault."""
        count = [0] * len(self.classes)
        for box in self.annotations:
            count[box['category_id'] - 1] += 1
        lines = [f'{len(self.images)} images, {len(self.annotations)} boxes ('
                 + ', '.join(f'{name} {number}' for name, number in
                             zip(self.classes, count, strict=True)) + ')']
        for kind, cases in sorted(self.faults.items()):
            lines.append(f'  {len(cases)} {kind}:')
            lines += [f'    {case}' for case in cases[:_EXAMPLES]]
            if len(cases) > _EXAMPLES:
                lines.append(f'    and {len(cases) - _EXAMPLES} more')
        return '\n'.join(lines)


def _number(value: float) -> float:
    """Round to a thousandth of a pixel; whole numbers become int."""
    value = round(value, 3)
    return int(value) if value == int(value) else value


def find_images(folder: str) -> Iterator[str]:
    """The images below a folder, as sorted paths relative to it.

    Args:
        folder: The folder.
    """
    found = []
    for parent, _, names in os.walk(folder, followlinks=True):
        found += [osp.relpath(osp.join(parent, name), folder) for name in names
                  if name.lower().endswith(IMAGE_SUFFIXES)]
    yield from sorted(path.replace(os.sep, '/') for path in found)


def require_folder(path: str, what: str) -> None:
    """Raise an error where a folder is missing.

    Args:
        path: The folder.
        what: What it should hold, for the message.

    Raises:
        UserError: If it is not a folder.
    """
    if not osp.isdir(path):
        parent = osp.dirname(osp.abspath(path))
        there = sorted(os.listdir(parent)) if osp.isdir(parent) else 'nothing'
        raise UserError(f'Folder not found: {path}\nIt should hold {what}. '
                        f'In {parent} there is: {there}.')
