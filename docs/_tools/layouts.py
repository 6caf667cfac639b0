"""Copies of the generated dataset in the layouts that docs/custom_data.md converts."""
import json
import shutil
import sys
from pathlib import Path


def voc(folder: Path, images: list[dict], boxes: dict[int, list], names: dict[int, str]) -> None:
    """``Annotations/`` and ``JPEGImages/``."""
    (folder / 'Annotations').mkdir()
    (folder / 'images').rename(folder / 'JPEGImages')
    for image in images:
        objects = ''.join(
            f'<object><name>{names[category]}</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>'
            f'<xmax>{x + width}</xmax><ymax>{y + height}</ymax></bndbox></object>'
            for category, (x, y, width, height) in boxes[image['id']])
        target = folder / 'Annotations' / Path(image['file_name']).with_suffix('.xml')
        target.write_text(
            f'<annotation><filename>{image["file_name"]}</filename><size><width>{image["width"]}'
            f'</width><height>{image["height"]}</height></size>{objects}</annotation>')


def yolo(folder: Path, images: list[dict], boxes: dict[int, list], names: dict[int, str]) -> None:
    """``images/``, ``labels/`` and ``data.yaml``."""
    (folder / 'labels').mkdir()
    classes = list(names)
    for image in images:
        lines = [f'{classes.index(category)} {(x + width / 2) / image["width"]} '
                 f'{(y + height / 2) / image["height"]} {width / image["width"]} '
                 f'{height / image["height"]}\n'
                 for category, (x, y, width, height) in boxes[image['id']]]
        target = folder / 'labels' / Path(image['file_name']).with_suffix('.txt')
        target.write_text(''.join(lines))
    (folder / 'data.yaml').write_text(f'names: {list(names.values())}\n')


def corners(folder: Path, truth: dict) -> None:
    """``corners.json``: the boxes as x0, y0, x1, y1."""
    annotations = [{**entry, 'bbox': [x, y, x + width, y + height]}
                   for entry in truth['annotations'] for x, y, width, height in [entry['bbox']]]
    (folder / 'corners.json').write_text(json.dumps({**truth, 'annotations': annotations}))


def main(source: Path) -> None:
    """Write ``VOC``, ``yolo`` and ``corners.json`` beside each other from ``source``."""
    truth = json.loads((source / 'annotations' / 'train.json').read_text())
    names = {entry['id']: entry['name'] for entry in truth['categories']}
    boxes: dict[int, list] = {image['id']: [] for image in truth['images']}
    for entry in truth['annotations']:
        boxes[entry['image_id']].append((entry['category_id'], entry['bbox']))
    for folder, write in ((Path('VOC'), voc), (Path('yolo'), yolo)):
        shutil.copytree(source / 'train', folder / 'images')
        write(folder, truth['images'], boxes, names)
    corners(Path(), truth)


if __name__ == '__main__':
    main(Path(sys.argv[1]))
