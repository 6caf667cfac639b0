"""What a mending works on."""
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from fcos_mm.datasets.problems.copies import Copies
from fcos_mm.datasets.problems.pictures import Picture
from fcos_mm.datasets.statistics.split import LabelledSplit


@dataclass(frozen=True)
class Surroundings:
    """What a mending knows beside its split.

    Attributes:
        pictures: All files, by path.
        copies: Which of them are copies.
        tests: The splits that a training set must not share images with; none for these
            splits themselves.
    """

    pictures: Mapping[str, Picture]
    copies: Copies
    tests: Sequence[LabelledSplit] = ()


#: Changes a split's ``data`` and returns a line for each change.
Mending = Callable[[LabelledSplit, Surroundings], list[str]]


def drop_images(split: LabelledSplit, places: Container[int]) -> None:
    """Take out images, by place, and their annotations."""
    lost = {id(image): image['id'] for place, image in enumerate(split.images) if place in places}
    ids = {*lost.values()}
    split.data['images'] = [image for image in split.data['images'] if id(image) not in lost]
    split.data['annotations'] = [box for box in split.data['annotations']
                                 if box['image_id'] not in ids]


def drop_boxes(split: LabelledSplit, places: Container[int]) -> list[str]:
    """Take out annotations, by place; a line for each."""
    lost = {id(box): place for place, box in enumerate(split.annotations) if place in places}
    split.data['annotations'] = [box for box in split.data['annotations'] if id(box) not in lost]
    return [box_line(split, place) for place in lost.values()]


def box_line(split: LabelledSplit, place: int, text: str = '') -> str:
    """The file, the annotation and its box as it is now."""
    box, image = split.annotations[place], split.images[split.owner[place]]
    return f"{image['file_name']}: annotation {box.get('id')}, {box['bbox']}{text}"
