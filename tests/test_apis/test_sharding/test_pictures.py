"""Files and addresses as input."""
import fsspec
import pytest

from fcos_mm.apis.sharding import addresses
from fcos_mm.apis.sharding.pictures import Picture, ShardInputs, digest
from fcos_mm.detection.inputs import Inputs
from fcos_mm.errors import UserError

FILES = ('a/1.jpg', 'a/2.PNG', 'a/deep/1.jpg', 'a/.hidden.jpg', 'a/note.md', 'b/3.jpg')


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """The same files in a folder and in an object store."""
    system = fsspec.filesystem('memory')
    system.store.clear()
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')
        system.pipe_file(f'/bucket/{name}', b'x')
    system.pipe_file('/bucket/list.txt', b'# some\nmemory:///bucket/b/3.jpg\n'
                     b'memory:///bucket/a/gone.jpg\n\nmemory:///bucket/a/d*/*.jpg\n')
    monkeypatch.chdir(tmp_path)
    yield system
    system.store.clear()


def names(*words):
    return [picture.name for picture in ShardInputs(words, leave_out='out').pictures()]


def test_files_are_those_of_detect():
    inputs, plain = (kind(['a', 'b/*.jpg'], leave_out='out') for kind in (ShardInputs, Inputs))
    assert inputs.pictures() == [Picture(path, plain.name(path)) for path in plain.files]
    assert inputs.others == plain.others == {'.md': 1}
    assert inputs.pictures()[0].location.endswith('/a/1.jpg')
    assert inputs.pictures()[0].location.startswith('/')


@pytest.mark.parametrize('words, expected', [
    ('memory://bucket/a', '1.jpg 2.PNG deep/1.jpg'),
    ('memory://bucket/a/', '1.jpg 2.PNG deep/1.jpg'),
    ('memory://bucket', 'a/1.jpg a/2.PNG a/deep/1.jpg b/3.jpg'),
    ('memory://bucket/a/1.jpg', '1.jpg'),
    ('memory://bucket/a/*.jpg', '1.jpg'),
    ('memory://bucket/**/1.jpg', 'a/1.jpg a/deep/1.jpg'),
    ('memory://bucket/b memory://bucket/a/deep', 'b/3.jpg a/deep/1.jpg'),
    ('memory://bucket/list.txt', 'b/3.jpg a/gone.jpg a/deep/1.jpg'),
    ('b memory://bucket/b', '3.jpg memory://bucket/b/3.jpg')])
def test_addresses(words, expected):
    assert names(*words.split()) == [
        name.replace('memory://', 'memory:///') if '://' in name else name
        for name in expected.split()]


def test_addresses_in_a_list_of_this_machine(tmp_path):
    (tmp_path / 'mine.txt').write_text('memory:///bucket/b/3.jpg\na/1.jpg\n')
    assert names('mine.txt') == ['memory:///bucket/b/3.jpg', '1.jpg']
    (tmp_path / 'mine.txt').write_text('s3://never/asked.jpg\n')
    assert names('mine.txt') == ['asked.jpg']


def test_the_digest_is_of_names_and_order():
    first, second = (ShardInputs([word], leave_out='out').pictures() for word in ('a', 'b'))
    assert len({digest(one) for one in (first, second, first[::-1], [*first, *second])}) == 4
    assert digest(first) == digest(list(first))


@pytest.mark.parametrize('word, message', [
    ('memory://bucket/none', 'There is nothing at memory://bucket/none'),
    ('memory://bucket/*.gif', 'There is nothing at'),
    ('nothing://a/b', "nothing://a/b cannot be read: ValueError: Protocol not known: nothing")])
def test_addresses_that_mean_nothing(word, message):
    with pytest.raises(UserError, match=message):
        names(word)


def test_a_package_that_is_missing(monkeypatch):
    def missing(*_, **__):
        raise ImportError('Install s3fs to access S3')

    monkeypatch.setattr(fsspec.core, 'url_to_fs', missing)
    with pytest.raises(UserError, match='s3://b/p: s3:// needs the package s3fs.\nInstall it on '
                       'every machine: pip install s3fs'):
        names('s3://b/p')
    with pytest.raises(UserError, match='every machine: Install s3fs'):
        names('odd://b/p')


def test_videos_are_refused(store):
    store.pipe_file('/bucket/a/clip.mp4', b'x')
    with pytest.raises(UserError, match='--shards is for images; 1 video among .*clip.mp4'):
        names('memory://bucket/a')


def test_fetching(store, tmp_path):
    with addresses.fetched('a/1.jpg') as path:
        assert path == 'a/1.jpg'
    with addresses.fetched('memory://bucket/a/2.PNG') as path:
        assert path.endswith('.PNG') and open(path, 'rb').read() == b'x'
    assert not (tmp_path / path).exists()
    with pytest.raises(addresses.FetchError, match='gone.jpg cannot be read: FileNotFoundError'):
        with addresses.fetched('memory://bucket/gone.jpg'):
            pass
