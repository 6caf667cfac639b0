"""The splits of a config: which one a report is about, and what is annotated in each."""
import os.path as osp
from collections import Counter
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.datasets.checks import coco_sources
from fcos_mm.datasets.coco_format import GROUND_TRUTH, read_coco
from fcos_mm.errors import UserError

_REMEDY = 'Give the config a {0}_dataloader whose dataset is in the format of COCO.'


class Split(NamedTuple):
    """A split: its name, its annotation file, and the classes of its dataset."""

    name: str
    ann_file: str
    classes: tuple[str, ...]


def choose_split(cfg: Config, name: str | None = None) -> Split:
    """The split that a report is about.

    Args:
        cfg: The config of a test.
        name: ``'val'`` or ``'test'``; None: test, if it is annotated, there and another than val.

    Raises:
        UserError: If the config has no such split, or its data are in no format of COCO.
    """
    if name is not None:
        return _split(cfg, name)
    found = {split: _ann_file(cfg, split) for split in ('val', 'test') if _sources(cfg, split)}
    usable = 'test' in found and not _is_unannotated(cfg) and osp.isfile(found['test'])
    if usable and found['test'] != found.get('val'):
        return _split(cfg, 'test')
    return _split(cfg, 'val' if 'val' in found else 'test')


def set_test_split(cfg: Config, split: Split) -> None:
    """Make a config test on a split."""
    cfg.test_dataloader = cfg.get(f'{split.name}_dataloader')
    cfg.test_cfg = cfg.get('test_cfg') or dict(type='TestLoop')


def count_splits(cfg: Config, classes: tuple[str, ...]) -> dict[str, dict]:
    """Images and boxes of each split of a config that can be read, and boxes by class."""
    files = {name: {source.ann_file for source in _sources(cfg, name)}
             for name in ('train', 'val', 'test')}
    if files['test'] == files['val']:
        del files['test']
    return {name: _count(paths, classes) for name, paths in files.items()
            if paths and all(map(osp.isfile, paths))}


def _count(paths: set[str], classes: tuple[str, ...]) -> dict:
    images, boxes = 0, Counter()
    for path in sorted(paths):
        data = read_coco(path, GROUND_TRUTH, annotated=False)
        names = {category['id']: category['name'] for category in data['categories']}
        images += len(data['images'])
        boxes.update(names[row['category_id']] for row in data['annotations'])
    return dict(images=images, boxes=sum(boxes[name] for name in classes),
                classes={name: boxes[name] for name in classes})


def _split(cfg: Config, name: str) -> Split:
    sources = _sources(cfg, name)
    if not sources:
        raise UserError(f'A report needs annotated images, and the {name} split has none.\n'
                        + _REMEDY.format(name))
    return Split(name, _ann_file(cfg, name), tuple(sources[0].classes))


def _ann_file(cfg: Config, name: str) -> str:
    """The file of a split's only dataset, or the one that the evaluator has for all of them."""
    files = {source.ann_file for source in _sources(cfg, name)}
    files = files if len(files) == 1 else {
        entry['ann_file'] for entry in _evaluators(cfg, name) if entry.get('ann_file')}
    if len(files) != 1:
        raise UserError(f'The {name} split has several annotation files.\nUnite them in one file, '
                        f'and set {name}_evaluator.ann_file to it.')
    return osp.abspath(files.pop())


def _is_unannotated(cfg: Config) -> bool:
    """Whether the test split is for a server, which has the annotations."""
    return any(entry.get('format_only') for entry in _evaluators(cfg, 'test'))


def _evaluators(cfg: Config, name: str) -> list:
    found = cfg.get(f'{name}_evaluator') or []
    return found if isinstance(found, (list, tuple)) else [found]


def _sources(cfg: Config, name: str) -> list:
    return list(coco_sources(cfg, f'{name}_dataloader'))
