"""Names of image files as tools on other systems write them, and boxes in other forms."""
import json
import shutil
import unicodedata
from pathlib import Path
from urllib.parse import quote

import numpy as np
from fuzz_tools import outcome
from hypothesis import strategies as st
from PIL import Image

from fcos_mm.datasets import LoadImageFromFile
from fcos_mm.datasets.box_form import NORMALIZED_READINGS, PIXEL_READINGS, fix_boxes
from fcos_mm.datasets.checks import CocoSource, read_checked
from fcos_mm.datasets.checks.annotations import CheckedData
from fcos_mm.datasets.checks.images import image_files
from fcos_mm.errors import UserError
from fcos_mm.faults import Note

SIZE = (160, 100)
CHANGES = {
    'none': lambda name: name,
    'windows': lambda name: name.replace('/', '\\'),
    'percent': lambda name: quote(name, safe=''),
    'both': lambda name: quote(name.replace('/', '\\')),
    'twice': lambda name: f'images/{name}',
    'absolute': lambda name: f'C:\\me\\{name}',
    'case': str.swapcase,
    'blanks': lambda name: f' {name} ',
    'unicode': lambda name: unicodedata.normalize('NFD', name),
    'lost': lambda name: f'lost-{name}',
}


def cases() -> st.SearchStrategy:
    """A file, how its name is written, and boxes in a form."""
    part = st.text(st.characters(codec='utf-8', exclude_characters='/\0'), min_size=1, max_size=8)
    part = part.filter(lambda text: text not in ('.', '..') and len(text.encode()) < 200)
    number = st.floats(0, 1, width=32)
    boxes = st.lists(st.tuples(number, number, number, number), min_size=1, max_size=30)
    return st.tuples(st.lists(part, min_size=1, max_size=2), st.sampled_from(sorted(CHANGES)),
                     st.sampled_from((*PIXEL_READINGS, *NORMALIZED_READINGS)), boxes,
                     st.sampled_from([1, 100, 1000]))


def check(case: tuple, folder: Path) -> str:
    """The file is found and read, or refused by its name; boxes are refused or converted inside.

    Args:
        case: Of :func:`cases`.
        folder: An empty folder, the same for all cases.
    """
    parts, how, form, boxes, scale = case
    root = folder / 'images'
    shutil.rmtree(root, ignore_errors=True)
    name = '/'.join([*parts[:-1], f'{parts[-1]}.png'])
    (root / name).parent.mkdir(parents=True)
    Image.new('RGB', SIZE).save(root / name)
    written = CHANGES[how](name)
    data = _data(written, (np.array(boxes) * scale).tolist())
    (folder / 'ann.json').write_text(json.dumps(data))
    source = CocoSource(key='train_dataloader.dataset', ann_file=str(folder / 'ann.json'),
                        image_folder=str(root), classes=('cup', ))
    said = _check_names(source, data, root / written, how)
    outcome(lambda: read_checked(source.ann_file), source.ann_file)
    fixed, told = outcome(lambda: fix_boxes(source.ann_file, form), str(source.ann_file))
    if told == 'accepted':
        new = np.array([box['bbox'] for box in fixed[0]['annotations']])
        assert np.isfinite(new).all()
        assert (new[:, :2] + new[:, 2:] <= np.multiply(SIZE, 1.03)).all(1).mean() >= 0.99
    return said


def _check_names(source: CocoSource, data: dict, path: Path, how: str) -> str:
    def look() -> None:
        for message in image_files(CheckedData(source, data)):
            if not isinstance(message, Note):
                raise UserError(message)

    _, said = outcome(look, str(path), data['images'][0]['file_name'])
    sample, read = outcome(lambda: LoadImageFromFile()(dict(
        img_path=f"{source.image_folder}/{data['images'][0]['file_name']}")), 'Image')
    assert said == read, 'the check and the reader do not agree'
    assert said == 'accepted' or how not in ('none', 'windows')
    if said == 'accepted':
        assert sample['img_shape'] == SIZE[::-1]
    return said


def _data(name: str, boxes: list) -> dict:
    return dict(
        images=[dict(id=1, file_name=name, width=SIZE[0], height=SIZE[1])],
        categories=[dict(id=1, name='cup')],
        annotations=[dict(id=index, image_id=1, category_id=1, bbox=box, area=box[2] * box[3],
                          iscrowd=0) for index, box in enumerate(boxes, start=1)])
