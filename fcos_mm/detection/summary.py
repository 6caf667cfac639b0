"""What a run of detection says of failures and at its end."""
import os
import os.path as osp
from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from fcos_mm.detection.image_files import describe
from fcos_mm.detection.outputs import Outputs
from fcos_mm.detection.video import VideoError
from fcos_mm.errors import UserError
from fcos_mm.faults import counted
from fcos_mm.runtime.images import ImageError
from fcos_mm.runtime.thresholds import NEAR

#: The exit status after Ctrl-C, as of a shell.
INTERRUPTED = 130
#: So many images that fail, and none before that did not, end the command.
HOPELESS = 10
_SHOWN = 20  # failures on the screen; the log has all


def reason_of(error: Exception, path: str) -> str:
    """Why an image or video failed, in a few words."""
    first, *_ = (str(error).strip() or 'no message').splitlines()
    if isinstance(error, VideoError):
        return first
    if isinstance(error, ImageError):
        return f'cannot be read as an image{describe(path)}'
    kind = '' if isinstance(error, UserError) else f'{type(error).__name__}: '
    return f'failed ({kind}{first})'


def summarize(screen: TextIO, *, outputs: Outputs, images: int, frames: int = 0, near: int = 0,
              others: Counter, failures: Sequence[tuple[str, str]]) -> None:
    """Print what was done, and list what failed.

    Args:
        screen: Where to.
        outputs: What was written.
        images: How many images did not fail.
        frames: How many frames of videos did not.
        near: How many detections miss the threshold by a little.
        others: Files that are neither images nor videos, by ending.
        failures: Images and videos that failed, and why.
    """
    done = [counted(images, 'image')] * bool(images or not frames)
    done += [counted(frames, 'frame')] * bool(frames)
    places = [outputs.out_dir, outputs.json_file]
    missed = f'; {near} more score up to {NEAR} below the threshold' * bool(near)
    lines = [f'{counted(outputs.count, "detection")} in {" and ".join(done)}, '
             f'written to {" and ".join(filter(None, places))}{missed}']
    if others:
        kinds = ', '.join(f'{number} {ending}' for ending, number in others.most_common(_SHOWN))
        lines.append(f'skipped, not image files by their extension: {kinds}')
    lines += [f'error: {printable(image)} {reason}' for image, reason in failures[:_SHOWN]]
    if len(failures) > _SHOWN:
        lines.append(f'error: {len(failures) - _SHOWN} more failed, see '
                     f'{osp.join(outputs.out_dir, "detect.log")}')
    for line in lines:
        print(line, file=screen)


def printable(path: str) -> str:
    """A path that can be printed: bytes that are not UTF-8 become question marks."""
    return os.fsencode(path).decode('utf-8', 'replace')
