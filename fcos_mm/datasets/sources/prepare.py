"""Turn a user's folder or file into COCO files for training, validation and testing."""
import os.path as osp
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.datasets.coco_format import parent_category
from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.sources.recognise import recognise
from fcos_mm.datasets.sources.record import Record
from fcos_mm.datasets.sources.source import Content, Source
from fcos_mm.datasets.sources.validation import split_off
from fcos_mm.errors import UserError
from fcos_mm.faults import counted, first_few


@dataclass(frozen=True)
class Split:
    """One split as a COCO file.

    Attributes:
        ann_file: Absolute path of the file.
        images: Absolute path of the folder that the file names are relative to.
        num_images: Number of images.
        num_boxes: Number of boxes of the classes.
    """
    ann_file: str
    images: str
    num_images: int
    num_boxes: int


@dataclass(frozen=True)
class PreparedData:
    """A dataset that is ready for training.

    Attributes:
        layout: The detected layout, in one line.
        splits: 'train', 'val' and possibly 'test'.
        classes: Class names.
        notes: What was created or left out, one line each.
    """
    layout: str
    splits: dict[str, Split]
    classes: tuple[str, ...]
    notes: list[str]


def prepare_data(path: str, out_dir: str, classes: Sequence[str] | None = None, seed: int = 0
                 ) -> PreparedData:
    """Convert a dataset to COCO format, with a validation split.

    Valid COCO files stay where they are. Everything else is written to ``out_dir``:
    ``annotations/{train,val,test}.json``, and ``split.json`` if a validation split is made. The
    same data and arguments give the same bytes, and a second call reuses what the first one
    wrote.

    Args:
        path: Anything that :func:`recognise` accepts.
        classes: Classes to use, in this order; None uses all, in the order of the data.
        seed: Random seed of the validation split.

    Raises:
        UserError: If there is no dataset or more than one, a split has no boxes, images are
            missing, a class is not in the data, or ``out_dir`` was made from other data.
    """
    source = recognise(path)
    if osp.realpath(out_dir) == osp.realpath(source.root):
        raise UserError(f'{out_dir} is the data folder, which must not be changed.\n'
                        'Give a different output folder.')
    record = Record(out_dir, source, path=osp.abspath(path),
                    classes=None if classes is None else list(classes), seed=seed)
    made = record.find()
    if made is None:
        made = _make(source, osp.abspath(out_dir), classes, seed)
        record.write(made)
    splits = {name: Split(**split) for name, split in made['splits'].items()}
    return PreparedData(made['layout'], splits, tuple(made['classes']), made['notes'])


def _make(source: Source, out_dir: str, classes: Sequence[str] | None, seed: int) -> dict:
    """Read the splits, write what is needed and tell it as plain values."""
    contents = {split: source.read(split) for split in source.splits}
    names = choose_classes(class_names(contents), classes)
    notes = [*source.notes, *(note for content in contents.values() for note in content.notes)]
    notes += _leave_out_empty_test(contents, names)
    notes += _separate(contents)
    _require_boxes(contents, names)
    if 'val' not in contents:
        train, val, lines = split_off(
            contents['train'], names, seed, osp.join(out_dir, 'split.json'))
        contents |= dict(train=train, val=val)
        notes += lines
    for split in ('train', 'val'):
        boxes = _count_boxes(contents[split], names)
        empty = [name for name in names if not boxes[name]]
        if empty:
            notes.append(f'{split}: no boxes of {first_few(empty)}')
    order = [split for split in ('train', 'val', 'test') if split in contents]
    return dict(layout=source.text, classes=list(names), notes=notes, splits={
        split: _write(contents[split], osp.join(out_dir, 'annotations', f'{split}.json'), names)
        for split in order})


def class_names(contents: dict[str, Content]) -> list[str]:
    """Class names in the order of the data, without a category that only groups the others."""
    names = []
    for content in contents.values():
        parent = parent_category(content.data)
        names += [category['name'] for category in content.data['categories']
                  if category is not parent]
    return [*dict.fromkeys(names)]


def choose_classes(known: list[str], classes: Sequence[str] | None) -> tuple[str, ...]:
    """The classes to use: the given ones, or else all known classes.

    Raises:
        UserError: If a class is unknown or given twice.
    """
    if classes is None:
        return tuple(known)
    unknown = [name for name in classes if name not in known]
    if unknown:
        raise UserError(f'The data have no class {unknown[0]!r}.{did_you_mean(unknown[0], known)}\n'
                        f'The classes are: {", ".join(known)}.')
    if not classes or len({*classes}) < len(classes):
        raise UserError(f'classes={[*classes]}: give at least one name, and each name only once.')
    return tuple(classes)


def _count_boxes(content: Content, names: Sequence[str]) -> Counter:
    """The number of boxes of each class."""
    name_of = {category['id']: category['name'] for category in content.data['categories']}
    boxes = Counter(name_of[box['category_id']] for box in content.data['annotations'])
    return Counter({name: boxes[name] for name in names})


def _leave_out_empty_test(contents: dict[str, Content], names: Sequence[str]) -> list[str]:
    """Leave out a test split without boxes."""
    if 'test' not in contents or _count_boxes(contents['test'], names).total():
        return []
    return [f"test: {len(contents.pop('test').data['images'])} images without boxes, left out"]


def _require_boxes(contents: dict[str, Content], names: Sequence[str]) -> None:
    """Raise an error if there is nothing to learn or to validate."""
    for split, content in contents.items():
        if not _count_boxes(content, names).total():
            images = counted(len(content.data['images']), 'image')
            raise UserError('\n  '.join([
                f'The {split} split, {content.ann_file or content.images}, has no boxes of the '
                f'classes in its {images}.',
                *content.notes])
                + '\nCorrect its annotations, or check that these are the right folders.')


def _separate(contents: dict[str, Content]) -> list[str]:
    """Take images of other splits out of the training set; drop a split that holds all of it."""
    notes = []
    for split in ('val', 'test'):
        if split not in contents:
            continue
        theirs = {*contents[split].paths()}
        own = [path not in theirs for path in contents['train'].paths()]
        if not any(own):
            del contents[split]
            notes.append(f'{split}: contains all images of train, not used')
        elif not all(own):
            contents['train'] = contents['train'].part(own)
            notes.append(f'{split}: {own.count(False)} of its images are also in train; removed '
                         'from train')
    return notes


def _write(content: Content, path: str, names: tuple[str, ...]) -> dict:
    """Write the file of a split unless there is one; returns the attributes of :class:`Split`."""
    if content.ann_file is None:
        write_json(path, content.data)
    return dict(
        ann_file=content.ann_file or path, images=content.images,
        num_images=len(content.data['images']), num_boxes=_count_boxes(content, names).total())
