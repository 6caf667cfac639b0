"""The demo: which tools it runs, with which words."""
from pathlib import Path

import pytest

from fcos_mm.cli import demo, parse
from fcos_mm.datasets.shapes import make_data
from fcos_mm.errors import UserError

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def commands(monkeypatch):
    """The command lines the demo runs; nothing is run, training leaves a checkpoint."""
    seen = []

    def note(tool, *words):
        seen.append([tool.name, *(str(word) for word in words)])
        if tool.name == 'train.py':
            work_dir = Path(words[words.index('--work-dir') + 1])
            work_dir.mkdir(parents=True)
            (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_3.pth'))

    monkeypatch.setattr(demo, 'run_script', note)
    monkeypatch.setattr('fcos_mm.datasets.shapes.make_shapes',
                        lambda folder: seen.append(['make', folder]))
    return seen


def test_it_makes_trains_tests_and_draws(commands, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    demo.run(parse(demo, ['--data-root', 'there', '--epochs', '3', '--cfg-options', 'a.b=1'],
                   tools=TOOLS))
    options = ['--cfg-options', 'data_root=there/', 'a.b=1', 'train_cfg.max_epochs=3']
    config = str(TOOLS.parent / demo.CONFIG)
    assert Path(config).is_file()
    assert commands == [
        ['make', 'there'],
        ['train.py', config, '--work-dir', 'work_dirs/demo/train', '--overwrite', *options],
        ['test.py', config, 'work_dirs/demo/train/epoch_3.pth', '--work-dir',
         'work_dirs/demo/test', '--out', 'work_dirs/demo/predictions.pkl', *options],
        ['draw_grid.py', config, 'work_dirs/demo/predictions.pkl', '--out',
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


def test_a_tool_that_fails_stops_it(tmp_path):
    tool = tmp_path / 'broken.py'
    tool.write_text('import sys; sys.exit(3)')
    with pytest.raises(UserError, match=r'broken\.py failed with status 3'):
        demo.run_script(tool)


def test_training_without_a_checkpoint_is_told(tmp_path):
    with pytest.raises(UserError, match='no checkpoint'):
        demo.last_checkpoint(tmp_path)
