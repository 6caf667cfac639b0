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
        'warning', 'boxes have no id of their own',
        'train --data numbers them anew; a config that names the file is refused.',
        'Number the annotations from 1.'),
    'id_zero': Kind(
        'note', 'boxes have the id 0',
        "pycocotools and mmdet's metric count such a box as never found; fcos_mm's does not.",
        'Number the annotations from 1.'),
    'conversion': Kind(
        'warning', '', 'They are left out, or put right, when the data are read.',
        'Correct them where they were annotated.'),
    'training_check': Kind('warning', '', '', ''),
    'ignored_category': Kind('note', '', '', ''),
    # ---- images
    'missing': Kind(
        'error', 'images are missing', 'Training stops at an image that is not there.',
        'Put the files there, or take the images out of the annotation file.'),
    'unreadable': Kind(
        'warning', 'images cannot be read to their end',
        'In training another image stands in for one that cannot be read; a test stops. A '
        'truncated file may be read with a grey part.', 'Get the files anew.'),
    'sides_exchanged': Kind(
        'error', 'images have width and height exchanged in the annotation file',
        'Boxes are checked and scaled by these sides.', 'Write width and height of the file.'),
    'exif_turned': Kind(
        'error', 'images are turned by their EXIF orientation, and their annotation is not',
        'The image is loaded turned, the boxes were drawn on the stored one, or only the size '
        'was noted so: the file does not say.',
        'Store the images upright (mogrify -auto-orient), and look at the boxes drawn on them.'),
    'other_size': Kind(
        'error', 'images have another size than their annotation says',
        'Boxes are in pixels of the annotated size.',
        'Write the true size, or use the images that were annotated.'),
    'exif_mirrored': Kind(
        'note', 'images are mirrored or turned upside down by their EXIF orientation',
        'They are loaded so. The boxes are right if the annotation tool obeyed the tag too.',
        _DRAW),
    'exif_invalid': Kind(
        'note', 'images have an EXIF orientation other than 1 to 8', 'It is ignored.',
        'Nothing is wrong if the images look upright on the page.'),
    'listed_twice': Kind(
        'warning', 'images have the file of an earlier one',
        'They count twice, each with its own boxes.', 'Unite them in one entry.'),
    'leak_copy': Kind(
        'warning', 'images are also in {other}, byte for byte',
        'What was learned by heart counts as found: metrics are too good.',
        'Take them out of the training set.'),
    'leak_near': Kind(
        'warning', 'images nearly equal images in {other}',
        'What was learned by heart counts as found: metrics are too good.',
        'Keep all versions of an image, and frames of one video, in one split.'),
    'copies': Kind(
        'warning', 'images equal an earlier one byte for byte',
        'They weigh more than others; if their boxes differ, they contradict each other.',
        'Delete them.'),
    'near_copies': Kind(
        'note', 'images nearly equal an earlier one',
        'They add little: resized or recompressed versions, frames of one video, augmentations.',
        'Nothing is wrong if this is intended. Keep them in one split.'),
    'alike': Kind(
        'note', 'images look alike', 'More than half of the images resemble each other, as those '
        'of a fixed camera do. Near copies are not searched for among them.',
        'Take training and validation images from different days or places.'),
    'unlisted': Kind(
        'note', 'images in the folders are not used',
        'No annotation file names them, or they were skipped for a reason given above.',
        'Nothing is wrong if this is intended. An image without objects can be listed without '
        'boxes.'),
    'without_boxes': Kind(
        'note', 'images have no boxes',
        'They teach what is background. With filter_empty_gt=True training skips them.',
        'Check that their objects were not forgotten.'),
    # ---- boxes
    'normalised': Kind(
        'error', 'boxes are in fractions of the image size',
        'They are read as pixels: all boxes would lie in the left upper pixel.',
        'Multiply them by width and height of the image.'),
    'other_form': Kind(
        'error', 'boxes leave their image as x, y, width, height and fit as {form}',
        'They are read as x, y, width, height.', 'Convert them.'),
    'maybe_other_form': Kind(
        'warning', 'boxes leave their image as x, y, width, height and fit as {form}',
        'There are too few boxes to be sure.', _DRAW),
    'no_area': Kind(
        'warning', 'boxes have no area',
        'Training skips them; in a test they stay as objects that no detector can find.',
        'Correct or delete them.'),
    'outside': Kind(
        'warning', 'boxes lie outside their image',
        'Training skips them; in a test they stay as objects that no detector can find.',
        'Correct or delete them.'),
    'beyond': Kind(
        'warning', 'boxes reach beyond their image by more than a pixel',
        'Training cuts them to the image; metrics compare with the box as written.',
        'Cut them to the image.'),
    'thin': Kind(
        'warning', 'boxes have a side below 1 pixel or an area of 0', 'Training skips them.',
        'Correct or delete them. If all boxes of an image are so small, they may be fractions of '
        'its size.'),
    'repeated': Kind(
        'warning', 'boxes repeat an earlier box of their class',
        'Of two equal objects a detector finds one; the other counts as missed.', 'Delete them.'),
    'given_twice': Kind(
        'warning', 'boxes nearly repeat an earlier box of their class (IoU above 0.95)',
        'Of two equal objects a detector finds one; the other counts as missed.',
        'Delete one of each two.'),
    'two_classes': Kind(
        'note', 'boxes nearly equal an earlier box of another class (IoU above 0.95)',
        'One object with two labels teaches a low score for both.',
        'Keep one class, unless one object is worn or carried by the other.'),
    'tiny': Kind(
        'note', 'boxes have a side below 4 pixels (the root of the area)',
        'No location of FCOS may fall into them, and they are easily drawn by accident.',
        'Check them; use a larger input size if they are real.'),
    'huge': Kind(
        'note', 'boxes cover more than 90 % of their image',
        'Some tools write such a box for an image as a whole.', _DRAW),
    # ---- classes
    'no_boxes': Kind(
        'warning', 'classes have no box in {other}', 'Nothing is learned of them there, and '
        'metrics of them are undefined.', 'Add examples, or leave them out with --classes.'),
    'few_boxes': Kind(
        'warning', 'classes have fewer than 20 boxes to learn from',
        'A detector hardly learns them; their metrics depend on chance.',
        'Add examples, or leave them out with --classes.'),
    'imbalance': Kind(
        'note', 'classes have less than a hundredth of the boxes of the most frequent one',
        'They get low scores and count as much as others in the mean AP.',
        'Add examples, or repeat their images (ClassBalancedDataset).'),
    'similar_names': Kind(
        'warning', 'class names differ from another by case, blanks or punctuation only',
        'They are separate classes.', 'Give them one name, if they are one class.'),
}

LEVELS = ('error', 'warning', 'note')
