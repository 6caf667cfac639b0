"""Write pictures as one page, or as files."""
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fcos_mm.analysis.location_samples import LocationSamples
from fcos_mm.browse.chapters.pictures import caption, pictures
from fcos_mm.browse.chapters.summary import summary
from fcos_mm.browse.panels import panels_of, write_jpeg, write_png
from fcos_mm.browse.picture import Picture
from fcos_mm.pages.page import write_page


def settings_of(samples: LocationSamples | None, head: str, augmented: bool) -> dict[str, Any]:
    """What the locations depend on.

    ``head`` and ``augmented`` as given; ``strides`` in pixels, ``ranges`` (regress ranges in
    pixels, None for no upper end; empty without an FCOS head) and ``radius`` (of center sampling
    in strides, None without).
    """
    settings = dict(head=head, augmented=augmented, strides=[], ranges=[], radius=None)
    if samples is None:
        return settings
    assigner = samples.head.assigner
    ranges = [[low, None if high == float('inf') else high]
              for low, high in assigner.regress_ranges]
    return dict(settings, strides=list(samples.head.strides), ranges=ranges,
                radius=assigner.center_sampling_radius)


def write_browse_page(found: Iterable[Picture], path: str, title: str,
                      settings: Mapping[str, Any]) -> None:
    """Write a page and, beside it, its numbers with the suffix ``.json``.

    Args:
        found: The pictures; each is drawn as it comes.
        path: The page.
        title: Its heading.
        settings: What :func:`settings_of` returned.

    Raises:
        UserError: If a file cannot be written.
    """
    shown, files = [], []
    with tempfile.TemporaryDirectory(prefix='fcos_mm_panels_') as folder:
        for picture in found:
            shown.append(picture.numbers())
            files.append({panel.title: write_jpeg(
                picture, panel, Path(folder, f'{len(files)}_{number}.jpg'))
                for number, panel in enumerate(panels_of(picture))})
        first = summary(shown, settings)
        write_page(path, title, [first, pictures(shown, files)], [first, pictures(shown)])


def write_files(found: Iterable[Picture], folder: str) -> None:
    """Write each picture with its panels as a PNG file, and print its name and numbers.

    Raises:
        UserError: If a file cannot be written.
    """
    for number, picture in enumerate(found, start=1):
        path = Path(folder, f'{number:02}_{Path(picture.name).stem}.png')
        write_png(picture, path)
        print(f'{path}  {caption(picture.numbers())}')
