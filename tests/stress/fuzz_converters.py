"""VOC and YOLO annotations that are wrong somewhere."""
import json
import math
from pathlib import Path

import cv2
import numpy as np
from fuzz_tools import damage, damages, outcome
from hypothesis import strategies as st

from fcos_mm.datasets.converters.voc import convert_voc
from fcos_mm.datasets.converters.yolo import convert_yolo, read_class_names

CLASSES = ('cup', 'jar')
WIDTH, HEIGHT = 60, 40
XML = '''<annotation><size><width>60</width><height>40</height><depth>3</depth></size>
<object><name>{name}</name><difficult>{hard}</difficult><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>
<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>
<object><name>jar</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>
</object></annotation>
'''
ENTITIES = '<!DOCTYPE a [<!ENTITY a "x">{}]>'.format(''.join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip('abcdefgh', 'bcdefghi')))
WORDS = ('0', '1', '2', '5', '0.5', '-1', '1e308', '1e-9', 'nan', 'inf', '', 'cup', '٣', '0x1',
         '&amp;', '<b/>', '&i;', '1_0', '60', '40')


def cases() -> st.SearchStrategy:
    """The format, words in the place of numbers, what is before them, and damages."""
    # six for VOC's fields; of YOLO's 4 to 9 the fields of a box, a score or a polygon
    voc = st.tuples(st.just('voc'), st.lists(st.sampled_from(WORDS), min_size=6, max_size=6))
    yolo = st.tuples(st.just('yolo'), st.lists(st.sampled_from(WORDS), min_size=4, max_size=9))
    return st.tuples(voc | yolo,
                     st.sampled_from(['', '', ENTITIES, '\ufeff']),
                     st.none() | st.lists(damages(), min_size=1, max_size=2), st.booleans())


def check(case: tuple, folder: Path) -> str:
    """Refused by name, or boxes inside the image in a file of strict JSON.

    Args:
        case: Of :func:`cases`.
        folder: Where the files are written.
    """
    (form, words), before, damaged, one_based = case
    text = before + (_voc(words) if form == 'voc' else _yolo(words))
    content = text.encode()
    for how in damaged or ():
        content = damage(content, how)
    _prepare(folder)
    (folder / 'Annotations' / 'a.xml').write_bytes(content if form == 'voc' else b'')
    (folder / 'labels' / 'a.txt').write_bytes(content)
    (folder / 'names.txt').write_bytes(content if damaged else b'cup\njar\n')

    def convert():
        if form == 'voc':
            writer = convert_voc(str(folder), 'train', classes=CLASSES, one_based=one_based)
        else:
            outcome(lambda: read_class_names(str(folder / 'names.txt')), str(folder))
            writer = convert_yolo(str(folder / 'JPEGImages'), str(folder / 'labels'),
                                  classes=CLASSES)
        assert ' image' in writer.summary()
        writer.write(str(folder / 'out.json'))

    _, said = outcome(convert, str(folder))
    if said == 'accepted':
        _check_written(json.loads((folder / 'out.json').read_text(), parse_constant=_refuse))
    return said


def _check_written(data: dict) -> None:
    assert [image['width'] for image in data['images']] in ([], [WIDTH])
    for entry in data['annotations']:
        x, y, width, height = entry['bbox']
        assert all(map(math.isfinite, entry['bbox'])) and width > 0 and height > 0
        assert x >= 0 and y >= 0 and x + width <= WIDTH + 0.01 and y + height <= HEIGHT + 0.01
        assert entry['category_id'] in {item['id'] for item in data['categories']}


def _refuse(constant: str) -> None:
    raise AssertionError(f'{constant} in the file that was written')


def _voc(words: list) -> str:
    name, hard, a, b, c, d = words
    return XML.format(name=name, hard=hard, a=a, b=b, c=c, d=d)


def _yolo(words: list) -> str:
    return ' '.join(words) + '\n1 0.5 0.5 0.2 0.2\n'


def _prepare(folder: Path) -> None:
    if (folder / 'labels').is_dir():
        return
    for name in ('Annotations', 'ImageSets/Main', 'JPEGImages', 'labels'):
        (folder / name).mkdir(parents=True)
    (folder / 'ImageSets' / 'Main' / 'train.txt').write_text('a\nb\n')
    cv2.imwrite(str(folder / 'JPEGImages' / 'a.png'), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    (folder / 'Annotations' / 'b.xml').write_text(XML.format(
        name='cup', hard=0, a=1, b=1, c=5, d=5))
