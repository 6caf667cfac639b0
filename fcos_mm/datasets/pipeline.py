"""Run the transforms of a pipeline; a failure names the image and the transform."""
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable

from fcos_mm.datasets.transforms import SampleError
from fcos_mm.errors import UserError

# An error that passes through no other code than this is of data or settings.
_LIBRARIES = frozenset(sys.stdlib_module_names) | {
    'PIL', 'albumentations', 'cv2', 'fcos_mm', 'mmcv', 'mmdet', 'mmengine', 'numpy', 'pycocotools',
    'scipy', 'torch'}
_LONGEST = 240  # characters of a library's message


class TransformError(SampleError):
    """A transform of the libraries fails on an image."""


class DroppedSample(SampleError):
    """A transform returns None for an image."""


class CustomCodeError(RuntimeError):
    """A transform fails in code of the user's own, whose traceback matters."""


def run_transforms(transforms: Iterable[Callable], results: dict) -> dict:
    """Apply transforms one after the other.

    Raises:
        SampleError: If the image cannot be used. ``path`` is that of the
            image; a transform that fails or returns None is named.
        CustomCodeError: If a transform fails in the user's own code.
    """
    path, size = results.get('img_path', 'an image'), ''
    for transform in transforms:
        if 'ori_shape' in results:
            size = ' ({1} x {0} pixels)'.format(*results['ori_shape'])
        try:
            results = transform(results)
        except SampleError as error:
            error.path = path
            raise
        except (UserError, MemoryError):
            raise
        except Exception as error:
            raise _failure(_name(transform), f'{path}{size}', path, error) from error
        if results is None:
            raise DroppedSample(f'{_name(transform)} returned None for image {path}{size}.')
    return results


class DropsSamples:
    """Runs transforms that may drop samples, but not too many in a row."""
    _dropped = 0

    def run_or_drop(self, transforms: Iterable[Callable], results: dict, limit: int) -> dict | None:
        """The same as :func:`run_transforms`, with None for a dropped sample.

        Raises:
            SampleError: Also if ``limit`` samples in a row are dropped.
        """
        try:
            sample = run_transforms(transforms, results)
        except DroppedSample as error:
            self._dropped += 1
            if self._dropped < limit:
                return None
            raise SampleError(f'The pipeline dropped {self._dropped} samples in a row. The last '
                              f'one:\n{error}\nChange the settings of this transform.') from None
        self._dropped = 0
        return sample


def _name(transform: Callable) -> str:
    return getattr(transform, '__name__', type(transform).__name__)


def _failure(name: str, image: str, path: str, error: Exception) -> Exception:
    text = textwrap.shorten(str(error), _LONGEST, placeholder='...')
    cause = f'{type(error).__name__}: {text}'
    message = f'{name} failed on image {image}: {cause}'
    modules = {frame.f_globals.get('__name__', '').split('.')[0]
               for frame, _ in traceback.walk_tb(error.__traceback__)}
    if modules - _LIBRARIES:
        failure = CustomCodeError(message)
    else:
        failure = TransformError(f'{message}\nRemove the image from the annotation file, or '
                                 f'change the settings of {name} in the pipeline.')
    failure.path, failure.transform, failure.cause = path, name, cause
    return failure
