"""Only the same run continues."""
import json
from dataclasses import replace

import pytest

from fcos_mm.apis.sharding.manifest import Manifest, locked, read_manifest
from fcos_mm.errors import UserError

RUN = Manifest(words=['in'], pictures=3, digest='a', checkpoint='b', config='c',
               options=dict(score_thr='auto', classes=None, tiles=None), shard_size=2,
               classes=['cup'], category_ids={'cup': 10}, threshold='0.3')


def test_the_same_run(tmp_path):
    assert read_manifest(tmp_path, RUN) is None
    RUN.write(tmp_path)
    now = replace(RUN, words=['in/'], shard_size=64, classes=None, category_ids=None)
    assert read_manifest(tmp_path, now) == RUN


@pytest.mark.parametrize('change, message', [
    (dict(pictures=4, digest='x'), 'another run: another number of pictures \\(3, now 4\\)\\.'),
    (dict(digest='x'), 'another run: other pictures\\.'),
    (dict(checkpoint='x', config='y'), 'another run: other weights; another config\\.'),
    (dict(options=dict(score_thr=.5, classes=None, tiles=None)),
     "other options \\(score_thr was 'auto', now 0.5\\)")])
def test_another_run(tmp_path, change, message):
    RUN.write(tmp_path)
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path, replace(RUN, **change))


@pytest.mark.parametrize('text', ['', '[]', '{"version": 1}'])
def test_a_manifest_that_cannot_be_read(tmp_path, text):
    (tmp_path / 'manifest.json').write_text(text)
    with pytest.raises(UserError, match='manifest.json cannot be read'):
        read_manifest(tmp_path, RUN)


def test_two_runs_at_once(tmp_path):
    with locked(tmp_path / 'new'):
        with pytest.raises(UserError, match='Another run is writing to .*new'):
            with locked(tmp_path / 'new'):
                pass
    with locked(tmp_path / 'new'):
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='file.*cannot be written to'):
        with locked(tmp_path / 'file' / 'shards'):
            pass


def test_it_is_plain_json(tmp_path):
    RUN.write(tmp_path)
    assert json.loads((tmp_path / 'manifest.json').read_text())['version'] == 1


def test_results_without_a_manifest(tmp_path):
    (tmp_path / '00001-of-00002.json').write_text('{}')
    with pytest.raises(UserError, match='has results of shards, but no manifest.json'):
        read_manifest(tmp_path, RUN)
