"""Where the file of a name is found."""
import time

import pytest

from fcos_mm.datasets import LoadImageFromFile
from fcos_mm.datasets.file_names import KINDS, Folders, Found, find_file, readable
from fcos_mm.datasets.walk import count_images, inner_datasets, metainfo_of


@pytest.mark.parametrize('name, there, kind, lost', [
    ('sub\\a.jpg', 'sub/a.jpg', 'backslash', ''),
    ('a%20b.jpg', 'a b.jpg', 'percent', ''),
    ('sub%5Ca%20b.jpg', 'sub/a b.jpg', 'percent', ''),
    ('images/a.jpg', 'a.jpg', 'repeated', 'images/'),
    ('data/images/a.jpg', 'a.jpg', 'folder', 'data/images/'),
    ('/elsewhere/a.jpg', 'a.jpg', 'folder', '/elsewhere/'),
    ('train\\a.jpg', 'a.jpg', 'folder', 'train/'),
    ('a.jpg', '../a.jpg', 'above', 'images/'),
    ('a.jpg', 'train/a.jpg', 'below', 'train/'),
    (' a.jpg ', 'a.jpg', 'blanks', ''),
    ('u\u0308.jpg', '\u00fc.jpg', 'unicode', ''),
    ('Sub/A.JPG', 'sub/a.jpg', 'case', ''),
    ('a.jpg', 'a.png', 'suffix', ''),
    ('a', 'a.png', 'suffix', ''),
])
def test_repairs(tmp_path, name, there, kind, lost):
    folder = tmp_path / 'images'
    folder.mkdir()
    path = folder / there
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'')
    (folder / 'other.txt').write_bytes(b'')
    found = find_file(str(folder), name, Folders())
    assert found.kind == kind and found.lost == lost and kind in KINDS
    assert path.samefile(found.path)


@pytest.mark.parametrize('name', ['b.jpg', 'a.txt', '', '.', '/', '..', '%', '\\', '%00', 'a/%2e'])
def test_nothing_is_found(tmp_path, name):
    (tmp_path / 'a.jpg').write_bytes(b'')
    assert find_file(str(tmp_path), name, Folders()) is None or name == 'a.txt'


@pytest.mark.parametrize('root', ['50%20of', 'back\\slash', 'plain'])
def test_only_what_is_missing_is_changed(tmp_path, root):
    folder = tmp_path / root
    folder.mkdir()
    (folder / 'a b.jpg').write_bytes(b'')
    assert readable(f'{folder}/a%20b.jpg') == f'{folder}/a b.jpg'
    (folder / 'a%20b.jpg').write_bytes(b'')
    assert readable(f'{folder}/a%20b.jpg') == f'{folder}/a%20b.jpg'
    assert readable(f'{folder}/c%20d.jpg') == f'{folder}/c%20d.jpg'
    assert readable('s3://bucket/a%20b.jpg') == 's3://bucket/a%20b.jpg'


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'a.jpg').write_bytes(b'')
    assert readable('sub\\a.jpg') == 'sub/a.jpg'
    assert find_file('', 'sub\\a.jpg', Folders()) == Found('sub/a.jpg', 'backslash')


def test_the_sample_has_the_path_that_was_read(tmp_path):
    import cv2
    import numpy as np
    cv2.imwrite(str(tmp_path / 'a b.png'), np.zeros((4, 5, 3), np.uint8))
    sample = LoadImageFromFile()(dict(img_path=f'{tmp_path}/a%20b.png'))
    assert sample['img_path'] == f'{tmp_path}/a b.png' and sample['img_shape'] == (4, 5)


def test_each_folder_is_listed_once(tmp_path, monkeypatch):
    """Of as many files as COCO has, all of them missing by case."""
    listed = []
    names = [f'{index:012d}.jpg' for index in range(118287)]
    monkeypatch.setattr('os.listdir', lambda folder: listed.append(folder) or names)
    monkeypatch.setattr('os.path.isdir', lambda folder: False)
    folders, start = Folders(), time.process_time()
    assert all(find_file('/images', name.replace('.jpg', '.JPG'), folders).kind == 'case'
               for name in names[:10000])
    assert sorted(set(listed)) == sorted(listed)
    assert time.process_time() - start < 60  # a listing per file would take hours


def test_walking_wrappers():
    class Data(list):
        metainfo = dict(classes=('a', ))

    class Wrapper:
        def __init__(self, **parts):
            self.__dict__.update(parts)

    first, second = Data([1, 2]), Data([3])
    dataset = Wrapper(dataset=Wrapper(datasets=[first, Wrapper(_dataset=second)],
                                      metainfo=[dict(classes=('a', ))]))
    assert list(inner_datasets(dataset)) == [first, second]
    assert count_images(dataset) == 3
    assert metainfo_of(dataset.dataset) == dict(classes=('a', ))
    assert metainfo_of(dataset) == {}
