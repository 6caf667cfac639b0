"""The kinds of problems: how bad each is, what it means, what to do."""
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of problem.

    Attributes:
        level: ``'error'`` where training refuses the data, ``'warning'`` where it loses or learns
            something wrong, ``'note'`` where only a person can say whether it is wrong.
        what: Completes ``3 of 9 boxes ...``.
        meaning: What becomes of it.
        remedy: What to do.
    """

    level: str
    what: str
    meaning: str
    remedy: str


_DRAW = 'Look at the boxes drawn on the page.'

#: In the order in which they are shown within a level.
KINDS: dict[str, Kind] = {
    # ---- the file
    'format': Kind('error', '', '', ''),
    'ids': Kind(
        'warning', 'boxes have no unique id',
        'train --data renumbers them; a config that uses the file is refused.',
        'Number the annotations from 1.'),
    'id_zero': Kind(
        'note', 'boxes have the id 0',
        "pycocotools and mmdet's metric count such a box as missed; fcos_mm's metric does not.",
        'Number the annotations from 1.'),
    'conversion': Kind(
        'warning', '', 'Such entries are skipped or corrected when the data is read.',
        'Fix them in your annotation tool.'),
    'training_check': Kind('warning', '', '', ''),
    'ignored_category': Kind('note', '', '', ''),
    # ---- images
    'missing': Kind(
        'error', 'images are missing', 'Training stops at a missing image.',
        'Add the files, or remove the images from the annotation file.'),
    'unreadable': Kind(
        'warning', 'images are damaged or truncated',
        'Training replaces an unreadable image with another one; a test stops. A truncated file '
        'may load with a grey area.', 'Replace the files.'),
    'sides_exchanged': Kind(
        'error', 'images have width and height swapped in the annotation file',
        'Boxes are checked and scaled with these values.',
        'Write the width and height of the file.'),
    'exif_turned': Kind(
        'error', 'images are rotated by their EXIF orientation, but the annotated size is not',
        'The image is loaded rotated. The boxes may refer to the stored or to the rotated image: '
        'the file does not show which.',
        'Store the images upright (mogrify -auto-orient) and check the boxes on them.'),
    'other_size': Kind(
        'error', 'images have a different size in the annotation file',
        'Boxes are in pixels of the annotated size.',
        'Write the size of the file, or use the images that were annotated.'),
    'exif_mirrored': Kind(
        'note', 'images are mirrored or turned upside down by their EXIF orientation',
        'They are loaded this way. The boxes are right if the annotation tool also applied the '
        'tag.',
        _DRAW),
    'exif_invalid': Kind(
        'note', 'images have an EXIF orientation other than 1 to 8', 'It is ignored.',
        'No action is needed if the images are upright on the page.'),
    'listed_twice': Kind(
        'warning', 'images have the same file as an earlier one',
        'They count twice, each with its own boxes.', 'Merge the entries.'),
    'leak_copy': Kind(
        'warning', 'images are also in {other}, byte for byte',
        'The detector can memorise them: metrics are too good.',
        'Remove them from the training set.'),
    'leak_near': Kind(
        'warning', 'images have a near copy in {other}',
        'The detector can memorise them: metrics are too good.',
        'Keep all versions of an image, and frames of one video, in one split.'),
    'copies': Kind(
        'warning', 'images are also listed earlier, byte for byte',
        'Copies get more weight in training; if their boxes differ, they contradict each other.',
        'Delete them.'),
    'near_copies': Kind(
        'note', 'images have an earlier near copy',
        'They add little: resized or recompressed versions, frames of one video, augmentations.',
        'No action is needed if this is intended. Keep them in one split.'),
    'alike': Kind(
        'note', 'images look alike', 'More than half of the images resemble each other, as with a '
        'fixed camera. They are not searched for near copies.',
        'Use training and validation images from different days or places.'),
    'unlisted': Kind(
        'note', 'images in the folders are not used',
        'No annotation file lists them, or they were skipped for a reason given above.',
        'No action is needed if this is intended. List an image without objects as an image '
        'without boxes.'),
    'without_boxes': Kind(
        'note', 'images have no boxes',
        'They are examples of background. With filter_empty_gt=True, training skips them.',
        'Check that no objects were forgotten.'),
    # ---- boxes
    'normalised': Kind(
        'error', 'boxes are in fractions of the image size',
        'COCO boxes are in pixels: all of these would lie in the top left pixel.',
        'Multiply them by the width and height of the image.'),
    'other_form': Kind(
        'error', 'boxes leave their image as x, y, width, height but fit as {form}',
        'They are read as x, y, width, height.', 'Convert them.'),
    'maybe_other_form': Kind(
        'warning', 'boxes leave their image as x, y, width, height but fit as {form}',
        'There are too few boxes to be sure.', _DRAW),
    'no_area': Kind(
        'warning', 'boxes have no area',
        'Training skips them; in a test they count as objects that no detector can find.',
        'Correct or delete them.'),
    'outside': Kind(
        'warning', 'boxes lie outside their image',
        'Training skips them; in a test they count as objects that no detector can find.',
        'Correct or delete them.'),
    'beyond': Kind(
        'warning', 'boxes extend beyond their image by more than a pixel',
        'Training clips them to the image; metrics use the box as annotated.',
        'Clip them to the image.'),
    'thin': Kind(
        'warning', 'boxes have a side below 1 pixel or an area of 0', 'Training skips them.',
        'Correct or delete them. If all boxes of an image are this small, they may be fractions '
        'of its size.'),
    'repeated': Kind(
        'warning', 'boxes repeat an earlier box of their class',
        'A detector can match only one of the two; the other counts as missed.', 'Delete them.'),
    'given_twice': Kind(
        'warning', 'boxes nearly repeat an earlier box of their class (IoU above 0.95)',
        'A detector can match only one of the two; the other counts as missed.',
        'Delete one of each pair.'),
    'two_classes': Kind(
        'note', 'boxes nearly repeat an earlier box of another class (IoU above 0.95)',
        'An object with two labels gets a low score for both classes.',
        'Keep one class, unless one object wears or carries the other.'),
    'tiny': Kind(
        'note', 'boxes have a side below 4 pixels (square root of the area)',
        'They may contain no location of FCOS. Such boxes are often drawn by accident.',
        'Check them. If they are real, use a larger input size.'),
    'huge': Kind(
        'note', 'boxes cover more than 90 % of their image',
        'Some tools write such a box for a whole image.', _DRAW),
    # ---- classes
    'no_boxes': Kind(
        'warning', 'classes have no box in {other}', 'The detector cannot learn them '
        'there, and their metrics are undefined.',
        'Add examples, or leave them out with --classes.'),
    'few_boxes': Kind(
        'warning', 'classes have fewer than 20 boxes to learn from',
        'This is too few for a detector to learn them well.',
        'Add examples, or leave them out with --classes.'),
    'imbalance': Kind(
        'note', 'classes have less than a hundredth of the boxes of the most frequent one',
        'They get low scores, but weigh as much as others in the mean AP.',
        'Add examples, or repeat their images (ClassBalancedDataset).'),
    'similar_names': Kind(
        'warning', 'class names differ from another only by case, spaces or punctuation',
        'They are treated as separate classes.', 'Rename them if they are one class.'),
}

LEVELS = ('error', 'warning', 'note')
