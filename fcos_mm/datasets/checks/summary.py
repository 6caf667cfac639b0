"""What data hold, in lines for the screen."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fcos_mm.datasets.coco_format import load_coco

_COLUMN = 20  # characters


@dataclass(frozen=True)
class SplitSummary:
    """What one annotation file holds.

    Attributes:
        images: Number of images.
        boxes: Number of boxes of the classes, crowds included.
        empty: Number of images without a box of the classes.
        classes: For each class the number of images that have it and of its boxes.
    """

    images: int
    boxes: int
    empty: int
    classes: dict[str, tuple[int, int]]


def summarise(ann_file: str, classes: Sequence[str]) -> SplitSummary:
    """Count the images and boxes of some classes in a COCO file.

    Raises:
        UserError: If the file cannot be read.
    """
    data = load_coco(ann_file)
    names = {entry['id']: entry['name'] for entry in data['categories']}
    images: dict[str, list] = {name: [] for name in classes}
    for box in data['annotations']:
        name = names[box['category_id']]
        if name in images:
            images[name].append(box['image_id'])
    used = set().union(*images.values())
    return SplitSummary(
        images=len(data['images']), boxes=sum(map(len, images.values())),
        empty=len(data['images']) - len(used),
        classes={name: (len(set(ids)), len(ids)) for name, ids in images.items()})


def class_table(splits: Mapping[str, SplitSummary]) -> list[str]:
    """A table of the boxes of each class and of the images that have it, split by split."""
    return text_table(class_rows(splits))


def class_rows(splits: Mapping[str, SplitSummary]) -> dict[str, list[str]]:
    """The cells of :func:`class_table`, by the names of its rows."""
    rows = {'boxes in images': [*splits]}
    for name in dict.fromkeys(name for split in splits.values() for name in split.classes):
        rows[name] = [_counts(*split.classes[name]) if name in split.classes else '-'
                      for split in splits.values()]
    rows['all classes'] = [_counts(split.images, split.boxes) for split in splits.values()]
    rows['images without boxes'] = [f'{split.empty:,}' for split in splits.values()]
    return rows


def text_table(rows: Mapping[str, Sequence[str]]) -> list[str]:
    """A table for the screen; the name of a row is its first cell."""
    width = max(map(len, rows))
    return [f'{name:{width}}' + ''.join(f'{cell:>{_COLUMN}}' for cell in cells)
            for name, cells in rows.items()]


def _counts(images: int, boxes: int) -> str:
    return f'{boxes:,} in {images:,}'


def config_lines(data) -> list[str]:
    """What a config says to use what ``fcos_mm.datasets.sources.prepare_data`` returned."""
    files = {name: split.ann_file for name, split in data.splits.items()}
    folders = {name: split.images for name, split in data.splits.items()}
    return [f'classes = {tuple(data.classes)}', f'ann_files = {files}', f'image_dirs = {folders}']
