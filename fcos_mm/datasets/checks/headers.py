"""Whether images have the size that their annotations say, by their headers."""
import os.path as osp
from collections.abc import Callable

from fcos_mm.datasets.file_names import readable
from fcos_mm.datasets.image_header import image_size
from fcos_mm.errors import UserError
from fcos_mm.faults import EXAMPLES

from .source import CocoSource

#: As many images are looked at, spread evenly over the dataset.
SAMPLE = 500


def check_image_sizes(source: CocoSource, images: list, warn: Callable[[str], None]) -> None:
    """Compare the sizes in the headers of some images with the annotations.

    Boxes are in pixels of the annotated size: under another one they lie in
    the wrong place.

    Args:
        source: The dataset.
        images: Entries of ``images``, whose files are there.
        warn: Called with a message about images without a readable header.

    Raises:
        UserError: If a size differs.
    """
    chosen = [images[index * len(images) // SAMPLE] for index in range(SAMPLE)]
    chosen = images if len(images) <= SAMPLE else chosen
    wrong, damaged = [], []
    for image in chosen:
        path = readable(osp.join(source.image_folder, image['file_name']))
        try:
            size = image_size(path)
        except ValueError:
            damaged.append(path)
            continue
        if size != (image['width'], image['height']):
            wrong.append(f"{path} is {size[0]} x {size[1]}, its annotation (image id "
                         f"{image['id']!r}) says {image['width']} x {image['height']}")
    if damaged:
        fate = ('A test stops at an image that it cannot read.' if source.test_mode else
                'In training the next image stands in for one that cannot be read.')
        warn(f'{source.describe()}: {len(damaged)} of {len(chosen)} images looked at have no '
             'readable header:\n  ' + '\n  '.join(damaged[:EXAMPLES]) + f'\n{fate}')
    if wrong:
        raise UserError(
            f'{source.describe()}: {len(wrong)} of {len(chosen)} images looked at have another '
            'size than their annotation says:\n  ' + '\n  '.join(wrong[:EXAMPLES]) +
            '\nBoxes are in pixels of the annotated size. Annotate the images as they are (a '
            "camera's rotation, kept in the file, counts), or use the images that were annotated.")
