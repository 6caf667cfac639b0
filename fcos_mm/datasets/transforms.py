"""``LoadImageFromFile``: mmcv's, with errors that name the file."""
from mmcv.transforms import LoadImageFromFile as MMCVLoadImageFromFile

from fcos_mm.datasets.file_names import readable
from fcos_mm.errors import UserError
from fcos_mm.registry import TRANSFORMS
from fcos_mm.runtime import images as runtime_images


class SampleError(UserError):
    """A sample of a dataset cannot be used.

    A data loader raises a worker's error anew with the whole traceback as its
    message; only the original message is kept of it.
    """

    def __init__(self, message: str) -> None:
        marker = f'{type(self).__module__}.{type(self).__qualname__}: '
        super().__init__(message.rpartition(marker)[2].rstrip('\n'))


class ImageError(SampleError, runtime_images.ImageError):
    """An image cannot be read."""


@TRANSFORMS.register_module()
class LoadImageFromFile(MMCVLoadImageFromFile):
    """mmcv's loader that says which image cannot be read and what to do.

    Configs under ``default_scope='fcos_mm'`` get it by the plain name
    ``LoadImageFromFile``. Grey, 16-bit, CMYK, palette and transparent images
    become (H, W, 3) of uint8, as in mmcv: 16 bits lose their lower 8, and what
    lies under transparent pixels is seen, in TIFF on black. A JPEG or PNG is
    turned as its EXIF data say. A path with backslashes or percent-encoding is
    put right if there is no such file (:func:`readable`).
    """

    def transform(self, results: dict) -> dict | None:
        """Load the image of ``results['img_path']``.

        Args:
            results: The sample; gets ``img``, ``img_shape``, ``ori_shape``.

        Returns:
            dict or None: The sample; None for a missing image where
            ``ignore_empty`` is set.

        Raises:
            ImageError: If the file is missing, damaged or not an image, or not of
                the ``width`` and ``height`` in ``results``.
        """
        path = results['img_path']
        if isinstance(path, str):
            path = results['img_path'] = readable(path)
        wanted = results.get('width'), results.get('height')
        try:
            loaded = super().transform(results)
        except FileNotFoundError:
            raise ImageError(f'Image not found: {path}\nCheck data_root and data_prefix.img, and '
                             "the image's file_name in the annotation file.") from None
        except Exception as error:
            raise ImageError(
                f'Image cannot be read: {path} ({type(error).__name__}: {str(error).strip()})\n'
                'The file is corrupt, truncated or not an image. Replace it, or remove it from the '
                'annotation file.') from error
        if loaded is not None and None not in wanted:
            height, width = loaded['img_shape']
            if (width, height) != wanted:
                raise ImageError(
                    f'Image size does not match its annotation: {path} is {width} x {height}, '
                    f'annotated as {wanted[0]} x {wanted[1]}\nThe boxes would be in the wrong '
                    'place. Correct the annotation (the EXIF rotation of the image is applied), '
                    'or use the image that was annotated.')
        return loaded
