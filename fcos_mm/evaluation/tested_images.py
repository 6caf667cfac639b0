"""Look up tested images by id and classes by name in the annotations."""
import logging
from collections.abc import Sequence

from mmengine.logging import print_log
from pycocotools.coco import COCO

from fcos_mm.errors import UserError, shorten


def category_ids(truth: COCO, classes: Sequence[str], ann_file: str | None) -> list:
    """The ids of the classes' categories, in the order of the labels.

    Args:
        truth: The annotations.
        classes: Names of the classes.
        ann_file: Where the annotations come from, for the message.

    Raises:
        UserError: If a class is not among the categories.
    """
    known = {}
    for key, entry in truth.cats.items():
        known.setdefault(entry['name'], key)
    missing = [name for name in classes if name not in known]
    if missing:
        raise UserError(
            f'The evaluator\'s ann_file ({ann_file}) has no category {missing[0]!r}, which is a '
            f'class of the dataset; its categories are {shorten(list(known))}.\n'
            "Set the evaluator's ann_file to that of the dataset.")
    return [known[name] for name in classes]


def tested_images(truth: COCO, predictions: Sequence[dict], ann_file: str | None) -> list:
    """The ids of the images that were tested, in the order of the annotations.

    Args:
        truth: The annotations.
        predictions: One dict an image, with its ``img_id``.
        ann_file: Where the annotations come from, for the messages.

    Raises:
        UserError: If one of them is not among the annotations.
    """
    tested = {prediction['img_id'] for prediction in predictions}
    lost = [key for key in tested if key not in truth.imgs]
    if lost:
        raise UserError(
            f"{len(lost)} of the {len(tested)} images that were tested are not in the evaluator's "
            f"ann_file ({ann_file}), e.g. {lost[0]!r}.\nSet the evaluator's ann_file to that of "
            'the dataset.')
    if len(tested) < len(truth.imgs):
        print_log(f'{len(tested)} of the {len(truth.imgs)} images of {ann_file} were tested: only '
                  'these count.', logger='current', level=logging.WARNING)
    return [key for key in truth.imgs if key in tested]
