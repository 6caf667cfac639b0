"""``fcos-mm models`` with files of this machine."""
import json

import pytest

from fcos_mm.cli import main
from fcos_mm.cli.installation import models
from fcos_mm.config import load_config
from fcos_mm.errors import UserError

NAME = 'fcos_tiny_theirs_coco'


def shown(capsys, *words):
    """The status and what is printed."""
    status = main(models, [*words])
    return status, capsys.readouterr().out


def test_download_and_what_is_cached(published, capsys):
    assert json.loads(shown(capsys, 'tiny', '--json')[1])[0]['cached'] == ''
    status, out = shown(capsys, '--download', 'fcos_tiny_coco', NAME)
    assert status == 0 and len(published.server.requests) == 1
    path = out.split()[1]
    assert out == f'{NAME}  {path}\n' * 2
    assert json.loads(shown(capsys, 'tiny', '--json')[1])[0]['cached'] == 'ready'
    size = published.file.stat().st_size / 1e6
    row, about = shown(capsys, 'tiny')[1].splitlines()[3:5]
    assert row.split() == [NAME, '=', 'fcos_tiny_coco', '36.6', 'val2017', f'{size:.1f}', 'MB',
                           'theirs', 'ready']
    assert shown(capsys, '--where', NAME)[1].splitlines() == [
        NAME, f'  address    {published.model.address}', f'  file       {published.file}',
        f'  SHA-256    {published.sha256} (of the file in the cache)', '  cached     ready',
        f'  converted  {path}']


def test_where_before_the_download(published, capsys):
    assert shown(capsys, '--where')[1] == f'{published.cache}\n'
    lines = shown(capsys, '--where', 'fcos_tiny_coco', 'fcos_rt_dla34_coco')[1].splitlines()
    assert lines[3:5] == [f'  SHA-256    {published.sha256[:8]}... (published)', '  cached     no']
    assert lines[8] == '  SHA-256    not published; noted at the first download'
    assert not published.server.requests and not published.cache.exists()


def test_one_of_several_fails(published, capsys):
    published.server.statuses = {0: 404}
    assert shown(capsys, '--download', NAME, 'fcos_tiny_coco')[0] == 2
    assert shown(capsys, '--download', NAME)[0] == 0


def test_offline(published, monkeypatch):
    monkeypatch.setenv('FCOS_MM_OFFLINE', '')
    with pytest.raises(UserError, match='nothing is downloaded offline'):
        main(models, ['--download', NAME, '--offline'])


def test_its_config_is_a_base(published, capsys, trained, tmp_path):
    (tmp_path / 'base.py').write_text(shown(capsys, '--config', NAME)[1])
    (tmp_path / 'mine.py').write_text("_base_ = './base.py'\nclasses = ('a', 'b', 'c')\n")
    cfg = load_config(str(tmp_path / 'mine.py'))
    assert cfg.model.bbox_head.num_classes == 3
    assert cfg.model.backbone == load_config(str(trained.config)).model.backbone


@pytest.mark.parametrize('words', [['r50', '--where'], ['--json', '--download', NAME]])
def test_words_that_do_not_go_together(words):
    with pytest.raises(UserError, match='is for the list of models'):
        main(models, words)


def test_unknown_names(published):
    with pytest.raises(UserError, match="no published model 'fcos_tiny'. Did you mean "):
        main(models, ['--download', NAME, 'fcos_tiny'])
    assert not published.server.requests
    with pytest.raises(UserError, match="No published model matches 'fcos_r5O_coco'. Did you mean "
                                        "'fcos_r50_coco'"):
        main(models, ['fcos_r5O_coco'])
