"""The demo: which tools it runs, with which words."""
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fcos_mm.cli import demo, parse
from fcos_mm.config import find_config
from fcos_mm.datasets.shapes import make_data
from fcos_mm.errors import UserError

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def commands(monkeypatch):
    """The command lines the demo runs; nothing is run, training leaves a checkpoint."""
    seen = []

    def note(tools, name, *words):
        seen.append([name, *(str(word) for word in words)])
        if name == 'train':
            work_dir = Path(words[words.index('--work-dir') + 1])
            work_dir.mkdir(parents=True)
            (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_3.pth'))

    monkeypatch.setattr(demo, 'run_step', note)
    monkeypatch.setattr('fcos_mm.datasets.shapes.make_shapes',
                        lambda folder: seen.append(['make', folder]))
    return seen


@pytest.mark.parametrize('tools, config', [
    (TOOLS, str(TOOLS.parent / 'configs' / demo.CONFIG)), (None, f'fcos_mm::{demo.CONFIG}')])
def test_it_makes_trains_tests_and_draws(tools, config, commands, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    demo.run(parse(demo, ['--data-root', 'there', '--epochs', '3', '--cfg-options', 'a.b=1'],
                   tools=tools))
    options = ['--cfg-options', 'data_root=there/', 'a.b=1', 'train_cfg.max_epochs=3']
    assert Path(find_config(config)).is_file()
    assert commands == [
        ['make', 'there'],
        ['train', config, '--work-dir', 'work_dirs/demo/train', '--overwrite', *options],
        ['test', config, 'work_dirs/demo/train/epoch_3.pth', '--work-dir',
         'work_dirs/demo/test', '--out', 'work_dirs/demo/predictions.pkl', *options],
        ['draw-grid', config, 'work_dirs/demo/predictions.pkl', '--out',
         'work_dirs/demo/grid.png']]
    assert 'work_dirs/demo/grid.png' in capsys.readouterr().out


def test_data_that_is_there_is_used(commands, tmp_path):
    for split in ('train', 'val', 'test'):
        path = tmp_path / 'annotations' / f'{split}.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text('{}')
    make_data(str(tmp_path))
    assert commands == []
    path.unlink()
    make_data(str(tmp_path))
    assert commands == [['make', str(tmp_path)]]


def test_a_script_that_fails_stops_it(tmp_path, capsys):
    (tmp_path / 'below').mkdir()
    (tmp_path / 'below' / 'break_it.py').write_text('import sys; sys.exit(len(sys.argv))')
    with pytest.raises(UserError, match=r'below/break_it\.py failed with status 3'):
        demo.run_step(tmp_path, 'break-it', 'a b', 1)
    assert capsys.readouterr().out.rstrip().endswith("break_it.py 'a b' 1")


def test_a_command_of_the_program_that_fails_stops_it(monkeypatch, capsys):
    called = []
    monkeypatch.setattr(demo.subprocess, 'run',
                        lambda words: called.append(words) or SimpleNamespace(returncode=2))
    with pytest.raises(UserError, match='train failed with status 2'):
        demo.run_step(None, 'train', Path('config.py'))
    assert called == [[sys.executable, '-m', 'fcos_mm', 'train', 'config.py']]
    assert capsys.readouterr().out == '\n$ fcos-mm train config.py\n'


def test_training_without_a_checkpoint_is_told(tmp_path):
    with pytest.raises(UserError, match='no checkpoint'):
        demo.last_checkpoint(tmp_path)
