"""Replace unreadable images by the next one during training."""
import traceback

from mmengine.structures import BaseDataElement

from fcos_mm.datasets.pipeline import (
    CustomCodeError,
    DropsSamples,
    TransformError,
    run_transforms,
)
from fcos_mm.datasets.transforms import ImageError

#: Name of the meta information that holds what was replaced: pairs of path and message.
UNREADABLE = 'unreadable'

#: So many images after an unreadable one are tried.
TRIES = 10

# Of one image, not of the annotations.
_LOST = (ImageError, TransformError, CustomCodeError)


class ReplacesFailures:
    """Makes a dataset go on where an image cannot be read or a transform fails on it.

    To be named before the dataset's class among the bases. The image with the
    next index stands in, whoever loads it; a sample that stands in says so in
    the meta information of its ``data_samples``, or in itself where it is not
    packed yet: under ``unreadable``, a pair of path and message for every
    image that could not be used. In test mode it stays an error: metrics over
    other images would be wrong.
    """

    def __getitem__(self, idx: int) -> dict:
        """Load a sample."""
        if getattr(self, 'test_mode', False):
            return super().__getitem__(idx)
        lost: list[tuple[str, str]] = []
        failed = set()
        while True:
            try:
                sample = super().__getitem__((idx + len(lost)) % len(self) if lost else idx)
                break
            except _LOST as error:
                if getattr(error, 'final', False):  # of a dataset inside this one
                    raise
                lost.append(_entry(error))
                failed.add(getattr(error, 'transform', None))
                if len(lost) > TRIES:
                    raise _every_one(len(lost), failed, error) from error
        if lost:
            mark(sample, lost)
        return sample


class ReplacesUnreadable(ReplacesFailures, DropsSamples):
    """The same for a dataset with a pipeline, of which a failure then names image and transform."""

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline on a sample; None where a transform drops it, in training.

        Raises:
            SampleError: If the image cannot be used, a transform drops it in
                test mode, or drops every sample.
            CustomCodeError: If the user's own code fails.
        """
        transforms, results = self.pipeline.transforms, self.get_data_info(idx)
        if self.test_mode:
            return run_transforms(transforms, results)
        return self.run_or_drop(transforms, results, self.max_refetch + 1)


def mark(sample: dict, lost: list[tuple[str, str]]) -> None:
    """Note in a sample which images it stands in for."""
    packed = sample.get('data_samples') if isinstance(sample, dict) else None
    if isinstance(packed, BaseDataElement):
        packed.set_metainfo({UNREADABLE: [*packed.metainfo.get(UNREADABLE, ()), *lost]})
    elif isinstance(sample, dict):
        sample[UNREADABLE] = [*sample.get(UNREADABLE, ()), *lost]


def _entry(error: Exception) -> tuple[str, str]:
    """Path and message; the message of one's own code has its traceback."""
    text = str(error).splitlines()[0]
    path = getattr(error, 'path', text)
    if isinstance(error, CustomCodeError):
        text += '\n' + ''.join(traceback.format_exception(error.__cause__)).rstrip()
    return path, text


def _every_one(number: int, failed: set, error: Exception) -> Exception:
    """The error for many images in a row that cannot be used."""
    name = failed.pop() if len(failed) == 1 else None
    if not name:
        new = ImageError(f'{number} images in a row cannot be read. The last one:\n{error}')
    else:
        remedy = ('' if isinstance(error, CustomCodeError) else
                  '\nChange its settings in the pipeline, or those of the transforms before it.')
        new = type(error)(f'{name} failed on {number} images in a row, the last one '
                          f'{error.path}: {error.cause}{remedy}')
    new.final = True
    return new
