"""Which boxes no location of a config answers for, in a few lines."""
from collections import Counter

import numpy as np
from mmengine.config import Config

from fcos_mm.analysis.assignment_stats import assignment_statistics, percent
from fcos_mm.analysis.input_size import Size
from fcos_mm.datasets.coco_format import read_coco
from fcos_mm.faults import counted, first_few
from fcos_mm.recipes.levels import ENOUGH


def coverage_lines(cfg: Config, ann_file: str, size: Size, *, progress: bool = False) -> list[str]:
    """Say how many of the boxes have a location, and name those that have none.

    Args:
        cfg: The config of a training.
        ann_file: Its COCO file.
        size: The (longer, shorter) side of the input in pixels.
        progress: Whether to show progress on stderr.
    """
    found = assignment_statistics(cfg, ann_file, scale=size, progress=progress)
    boxes, lost = found['num_gt'], found['unanswered']
    lines = [f'{found["num_recalled"]:,} of {boxes:,} boxes ({found["bpr"]:.2f} %) have a '
             f'location; {found["ambiguous"]:.1f} % of the locations are claimed by several boxes']
    if not lost:
        return lines
    names = {image['id']: image['file_name'] for image in read_coco(ann_file)['images']}
    width, height = np.median([box['input_size'] for box in lost], axis=0)
    images = list(dict.fromkeys(names[box['image_id']] for box in lost))
    have = 'has' if len(lost) == 1 else 'have'
    lines.append(f'{len(lost):,} {have} none (median size {width:.0f} x {height:.0f} input '
                 f'pixels), in {counted(len(images), "image")}: {first_few(images, 3)}')
    if percent(len(lost), boxes) > 100 * (1 - ENOUGH):
        lines += [f'  {count}: {found["reasons"][reason]}' for reason, count in
                  Counter(box['reason'] for box in lost).most_common()]
    return lines
