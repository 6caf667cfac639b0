"""In training an image that cannot be read is replaced by the next one."""
import logging
from typing import List

from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from fcos_mm.datasets.transforms import ImageError

#: Name of the meta information that holds what was replaced.
UNREADABLE = 'unreadable'

#: So many images after an unreadable one are tried.
TRIES = 10


class ReplacesUnreadable:
    """Makes a dataset go on where an image cannot be read.

    To be named before the dataset's class among the bases. The image with the
    next index stands in, whoever loads it; a sample that stands in says so in
    the meta information of its ``data_samples``: under ``unreadable``, a line
    for every image that could not be read. In test mode it stays an error:
    figures over other images would be wrong.
    """

    def __getitem__(self, idx: int) -> dict:
        """Load a sample.

        Args:
            idx: Its index.

        Returns:
            dict: The sample, or the one that stands in.

        Raises:
            ImageError: If it cannot be read, in test mode or with all images
                after it that were tried.
        """
        if self.test_mode:
            return super().__getitem__(idx)
        lost: List[str] = []
        while True:
            try:
                sample = super().__getitem__((idx + len(lost)) % len(self) if lost else idx)
                break
            except ImageError as error:
                lost.append(str(error).splitlines()[0])
                if len(lost) > TRIES:
                    raise ImageError(f'{len(lost)} images one after the other cannot be read, '
                                     f'the last of them:\n{error}') from error
        if lost:
            _mark(sample, lost)
        return sample


def _mark(sample: dict, lost: List[str]) -> None:
    packed = sample.get('data_samples') if isinstance(sample, dict) else None
    if isinstance(packed, BaseDataElement):
        packed.set_metainfo({UNREADABLE: lost})
    else:  # not packed yet, and so not counted
        print_log('\n'.join(lost), logger='current', level=logging.WARNING)
