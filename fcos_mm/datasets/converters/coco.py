"""Collect converted images and boxes, report faults, and write the COCO file."""
import json
import math
import os
import os.path as osp
from collections import Counter, defaultdict
from collections.abc import Sequence

from fcos_mm.atomic_file import replaced
from fcos_mm.datasets.image_header import image_size
from fcos_mm.errors import UserError
from fcos_mm.faults import counted, counted_kind, first_few

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
_MAIN_REASONS = 2
_CLIP_TOLERANCE = 0.5  # pixels that rounding may push a box out of its image
_SKIPPED = 'boxes skipped'  # begins the kinds of fault that lose a box
_MANY_SKIPPED = 0.01  # share of the boxes above which their loss is a warning


class BoxCase(str):
    """A case of a fault of a box, for a reader.

    Args:
        text: What is wrong where.
        image: The image's entry.
        box: Corners (x0, y0, x1, y1) in pixels, as annotated.
        name: The class.
    """

    def __new__(cls, text: str, image: dict, box: Sequence[float], name: str) -> 'BoxCase':
        case = super().__new__(cls, text)
        case.image, case.box, case.name = image, tuple(box), name
        return case


class CocoWriter:
    """Collects images and boxes and counts what is wrong with them.

    Ids count from 1 in the order of the calls, those of categories in the
    order of the classes, so that equal input gives an equal file.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = list(classes)
        self.images: list[dict] = []
        self.annotations: list[dict] = []
        self.faults: dict[str, list[str]] = defaultdict(list)

    def fault(self, kind: str, where: str) -> None:
        """Note a fault."""
        self.faults[kind].append(where)

    def add_image(self, file_name: str, width: int, height: int) -> None:
        """Add an image; the boxes that follow belong to it."""
        self.images.append(dict(
            id=len(self.images) + 1, file_name=file_name, width=width, height=height))

    def read_size(self, path: str) -> tuple[int, int] | None:
        """Width and height of an image; None, and a fault, where the file is not an image."""
        try:
            return image_size(path)
        except ValueError as error:
            self.fault('images skipped: not an image', str(error))
            return None

    def add_box(self, label: int, box: Sequence[float], where: str, crowd: bool = False) -> None:
        """Add a box to the last image, cut to its area, unless it is not finite, empty or outside.

        Args:
            box: Corners (x0, y0, x1, y1) in pixels.
        """
        image = self.images[-1]
        where = f'{where}: box {[round(value, 2) for value in box]}'
        if not all(map(math.isfinite, box)):
            self.fault(f'{_SKIPPED}: not a finite number', where)
            return
        where = BoxCase(where, image, box, self.classes[label])
        x0, y0, x1, y1 = box
        cut = (max(x0, 0), max(y0, 0), min(x1, image['width']), min(y1, image['height']))
        width, height = (_rounded(cut[axis + 2] - cut[axis]) for axis in (0, 1))
        if x1 > x0 and y1 > y0 and (cut[2] <= cut[0] or cut[3] <= cut[1]):
            self.fault(f'{_SKIPPED}: outside the image', where)
        elif x1 <= x0 or y1 <= y0 or not width or not height:  # or half a thousandth of a pixel
            self.fault(f'{_SKIPPED}: no area', where)
        else:
            if max(abs(a - b) for a, b in zip(cut, box, strict=True)) > _CLIP_TOLERANCE:
                self.fault('boxes clipped to their image', where)
            self.annotations.append(dict(
                id=len(self.annotations) + 1, image_id=image['id'], category_id=label + 1,
                bbox=[_rounded(cut[0]), _rounded(cut[1]), width, height],
                area=_rounded(width * height), iscrowd=int(crowd)))

    def content(self) -> dict:
        """What the COCO file holds."""
        categories = [dict(id=number, name=name) for number, name in enumerate(self.classes, 1)]
        return dict(images=self.images, annotations=self.annotations, categories=categories)

    def write(self, path: str) -> None:
        """Write the COCO file.

        Raises:
            UserError: If no image could be converted, or no box was found.
        """
        lack = self.lack()
        if lack is not None:
            raise UserError(f'{path} is not written: {lack}')
        write_json(path, self.content())

    def lack(self) -> str | None:
        """Why there is nothing to learn from, and what to do; None if there are boxes."""
        if self.annotations:
            return None
        lack = (f"no box was found in {counted(len(self.images), 'image')}" if self.images else
                'no image could be converted')
        main = sorted(self.faults.items(), key=lambda fault: -len(fault[1]))
        reasons = ''.join(f'  {counted_kind(len(cases), kind)}, e.g. {cases[0]}\n'
                          for kind, cases in main[:_MAIN_REASONS])
        return (f'{lack}.\n{reasons}'
                'Correct the labels, or check that these are the right folders.')

    def warning(self) -> str | None:
        """Say that many boxes were lost; None if at most 1 % of them were."""
        skipped = sum(len(cases) for kind, cases in self.faults.items()
                      if kind.startswith(_SKIPPED))
        total = skipped + len(self.annotations)
        if skipped <= _MANY_SKIPPED * total:
            return None
        return (f'{skipped} of {total} boxes ({100 * skipped / total:.0f} %) were skipped, for the '
                'reasons listed above. A detector trained on the rest learns that these objects '
                'are background: correct the labels and convert again.')

    def summary(self) -> str:
        """Say how much was converted, and the first cases of every fault."""
        count = Counter(box['category_id'] for box in self.annotations)
        boxes = ', '.join(f'{name} {count[key]}' for key, name in enumerate(self.classes, 1))
        lines = [f"{counted(len(self.images), 'image')}, "
                 f"{counted(len(self.annotations), 'box', 'boxes')} ({boxes})"]
        for kind, cases in sorted(self.faults.items()):
            shown = first_few(cases, separator='\n    ')
            lines.append(f'  {counted_kind(len(cases), kind)}:\n    {shown}')
        return '\n'.join(lines)


def _rounded(value: float) -> float:
    """A thousandth of a pixel; whole numbers become int."""
    value = round(value, 3)
    return int(value) if value == int(value) else value


def write_json(path: str, content: object) -> None:
    """Write a JSON file; its folder is made if it is not there.

    Raises:
        UserError: If it cannot be written.
    """
    with replaced(path, '\nChoose another file.') as unfinished:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(content), encoding='utf-8')


def find_files(folder: str, suffixes: str | tuple[str, ...] = IMAGE_SUFFIXES) -> list[str]:
    """Files below a folder by their endings, as sorted paths relative to it."""
    found = []
    for parent, _, names in os.walk(folder, followlinks=True):
        found += [osp.relpath(osp.join(parent, name), folder).replace(os.sep, '/')
                  for name in names if name.lower().endswith(suffixes)]
    return sorted(found)


def paths_below(folder: str, suffixes: str | tuple[str, ...] = IMAGE_SUFFIXES) -> list[str]:
    """The same with the folder."""
    return [osp.join(folder, name) for name in find_files(folder, suffixes)]


def require_folder(path: str, what: str) -> None:
    """Raise an error where a folder is missing."""
    if not osp.isdir(path):
        parent = osp.dirname(osp.abspath(path))
        there = sorted(os.listdir(parent)) if osp.isdir(parent) else 'nothing'
        raise UserError(f'Folder not found: {path}\nIt should hold {what}. '
                        f'In {parent} there is: {there}.')
