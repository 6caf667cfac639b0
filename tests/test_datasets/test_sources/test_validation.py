"""The validation split: shares by hand, copies on one side."""
import json

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from fcos_mm.datasets.sources import prepare_data
from fcos_mm.datasets.sources.duplicates import find_copies
from fcos_mm.datasets.sources.stratify import stratify
from fcos_mm.errors import UserError


def test_one_class_a_picture_keeps_its_share_exactly():
    """40 pictures of one class, 20 of another, 10 of a third: 8, 4 and 2 are chosen."""
    counts = np.repeat(np.eye(3, dtype=int), (40, 20, 10), axis=0)
    chosen = stratify(counts, 0.2, seed=0)
    assert counts[chosen].sum(0).tolist() == [8, 4, 2]


def test_rare_classes_come_to_both_sides():
    """2 of one class: 1 and 1; 3 of another: 2 and 1; a class of 1 stays in training."""
    counts = np.repeat(np.eye(4, dtype=int), (2, 3, 1, 14), axis=0)
    chosen = stratify(counts, 0.2, seed=0)
    assert counts[chosen].sum(0).tolist() == [1, 1, 0, 3]


@pytest.mark.parametrize('seed', range(5))
def test_several_classes_a_picture(seed):
    """Every class is within two pictures of its fifth, from a class in 4 to one in 250."""
    rng = np.random.default_rng(seed)
    counts = (rng.random((500, 5)) < (0.5, 0.2, 0.1, 0.05, 0.015)).astype(int)
    counts[~counts.any(1), 0] = 1
    chosen = stratify(counts, 0.2, seed)
    assert np.abs(counts[chosen].sum(0) - 0.2 * counts.sum(0)).max() <= 2
    assert (chosen == stratify(counts, 0.2, seed)).all()
    assert (chosen != stratify(counts, 0.2, seed + 1)).any()


def test_groups_count_with_all_their_pictures():
    """One group of 8 and 32 single pictures: 20 % of 40 are 8, not 20 % of 33 units."""
    counts = np.array([[8], *[[1]] * 32])
    assert counts[stratify(counts, 0.2, seed=0)].sum() == 8


@pytest.fixture(scope='module')
def pictures(shapes, tmp_path_factory):
    """Three pictures; copies of the first: the file, smaller, paler, brighter."""
    folder = tmp_path_factory.mktemp('copies')
    paths = [str(picture.copy(folder, picture.name) or folder / picture.name)
             for picture in shapes.pictures[:3]]
    first = Image.open(paths[0])
    (folder / 'same.jpg').write_bytes(shapes.pictures[0].source.read_bytes())
    first.resize((64, 64)).save(folder / 'small.png')
    first.save(folder / 'pale.jpg', quality=30)
    ImageEnhance.Brightness(first).enhance(1.15).save(folder / 'bright.jpg')
    return paths + [str(folder / name) for name in ('same.jpg', 'small.png', 'pale.jpg',
                                                    'bright.jpg')]


def groups(labels):
    """By the first index of each group its indices."""
    return sorted(np.flatnonzero(labels == label).tolist() for label in {*labels.tolist()})


def test_exact_and_near_copies(pictures):
    exact, near = find_copies(pictures)
    assert groups(exact) == [[0, 3], [1], [2], [4], [5], [6]]
    assert groups(near) == [[0, 3, 4, 5, 6], [1], [2]]


def test_copies_that_roboflow_made_and_files_that_are_no_image(tmp_path):
    names = ['a_jpg.rf.0123456789abcdef.jpg', 'a_jpg.rf.fedcba9876543210.jpg', 'b_jpg.jpg']
    for number, name in enumerate(names):
        (tmp_path / name).write_text(f'no image {number}')
    _, near = find_copies([str(tmp_path / name) for name in names])
    assert groups(near) == [[0, 1], [2]]


def test_different_pictures_are_no_copies(shapes):
    _, near = find_copies([str(picture.source) for picture in shapes.pictures])
    assert len(groups(near)) == 15


def test_copies_stay_on_one_side_and_the_split_is_written_down(lay_out, shapes, tmp_path):
    root = lay_out('voc_flat')
    for number, picture in enumerate(shapes.pictures):
        picture.copy(root, f'copy{number}.jpg')
        (root / f'copy{number}.xml').write_text(shapes.xml(picture))
    data = prepare_data(str(root), str(tmp_path / 'out'), seed=2)
    record = json.loads((tmp_path / 'out' / 'split.json').read_text())
    assert record['seed'] == 2 and record['share'] == 0.2 and record['images'] == str(root)
    assert sorted(map(sorted, record['copies'])) == sorted(
        sorted([f'copy{number}.jpg', picture.name])
        for number, picture in enumerate(shapes.pictures))
    assert not any(0 < len({*pair} & {*record['val']}) < 2 for pair in record['copies'])
    assert sorted(record['train'] + record['val']) == sorted(
        path.name for path in root.glob('*.jpg'))
    for split in ('train', 'val'):
        file = json.loads((tmp_path / 'out' / 'annotations' / f'{split}.json').read_text())
        assert [image['file_name'] for image in file['images']] == record[split]
    assert ('exact or near copies: 30 images in 15 groups; each group stays in one split'
            in data.notes)


def write_frames(root, shapes, count=10):
    """A fixed camera: the same picture with another dot in each frame."""
    root.mkdir()
    for number in range(count):
        image = Image.open(shapes.pictures[0].source).convert('RGB')
        image.putpixel((number, number), (255, 255, 255))
        image.save(root / f'{number}.png')
        (root / f'{number}.xml').write_text(shapes.xml(shapes.pictures[0]))


def test_a_fixed_camera(shapes, tmp_path):
    write_frames(tmp_path / 'frames', shapes)
    data = prepare_data(str(tmp_path / 'frames'), str(tmp_path / 'out'))
    assert [split.num_images for split in data.splits.values()] == [8, 2]
    assert '10 of 10 images look alike: only exact copies are kept in the same split' in data.notes


def test_one_picture_cannot_be_divided(shapes, tmp_path):
    write_frames(tmp_path / 'frames', shapes, count=1)
    with pytest.raises(UserError, match='Cannot make a validation split from the 1 images'):
        prepare_data(str(tmp_path / 'frames'), str(tmp_path / 'out'))
