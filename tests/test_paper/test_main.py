"""``tools/paper.py`` as a user runs it, on a few generated images."""
import json
import shlex
from pathlib import Path

import pytest
from mmengine.config import Config

from fcos_mm.atomic_file import write_json
from fcos_mm.cli import paper as command
from fcos_mm.cli import parse
from fcos_mm.datasets.shapes import make_shapes
from fcos_mm.errors import UserError
from fcos_mm.paper.main import make_settings
from fcos_mm.paper.runs import Run
from fcos_mm.paper.tables import NAMES
from tests.forked import Forked

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
QUICK = ['pretraining.steps=2', 'train_cfg.max_epochs=1', 'train_dataloader.num_workers=0',
         'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
         'val_dataloader.persistent_workers=False', 'test_dataloader.num_workers=0',
         'test_dataloader.persistent_workers=False', 'model.test_cfg.score_thr=0.0']


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp('shapes')
    make_shapes(str(root), counts=(16, 2, 6))
    return root


def paper(*words):
    command.run(arguments(*words))


def arguments(*words):
    return parse(command, [str(word) for word in words], tools=TOOLS)


class Process(Forked):
    """A process of the queue, with what it uses of ``subprocess.Popen``."""

    def __init__(self, command, *, stdout, env, **options):
        super().__init__(*command[1:], screen=stdout.name, **env)

    def wait(self):
        return self.finish().status


def test_trains_tests_measures_and_draws(shapes, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr('fcos_mm.paper.queue.subprocess.Popen', Process)
    words = ['figure3', 'figure7', 'figure8', '--scale', 'tiny', '--data-root', shapes, '--out',
             tmp_path, '--cfg-options', *QUICK]
    paper(*words)
    for name in ('figure3', 'figure3_predicted', 'figure3_locations', 'figure7', 'figure8'):
        assert (tmp_path / f'{name}.png').stat().st_size > 10_000
    points = json.loads((tmp_path / 'figure7.json').read_text())
    results = tmp_path / 'runs/fcos/seed0/fcos/results.bbox.json'
    assert points['with']['detections'] == len(json.loads(results.read_text()))

    times = {path: path.stat().st_mtime for path in tmp_path.glob('runs/**/finished.json')}
    assert len(times) == 3
    paper(*words)  # nothing is done again
    assert times == {path: path.stat().st_mtime for path in times}

    capsys.readouterr()
    paper('table9', '--no-train', *words[3:])
    shown = capsys.readouterr().out
    assert 'Table 9: class-agnostic' in shown and 'not measured' in shown
    assert (tmp_path / 'table9.png').stat().st_size > 10_000
    rows = {row['label']: row['figures']['AP']
            for row in json.loads((tmp_path / 'table9.json').read_text())['rows']}
    assert rows['FCOS']['ours'] is not None and rows['FCOS']['seeds'] == 1
    assert rows['RetinaNet']['ours'] is None and rows['RetinaNet']['paper'] == 39.5


def test_no_train_tests_what_is_trained(tmp_path, monkeypatch):
    """Of the four detectors of Table 4 one is trained: it alone is tested."""
    settings = make_settings(arguments('table4', '--scale', 'tiny', '--out', tmp_path))
    Run(settings, 'fcos_c5').folder.mkdir(parents=True)
    write_json(dict(checkpoint='epoch_6.pth'),
               Run(settings, 'fcos_c5').folder / 'finished.json')
    asked = []
    monkeypatch.setattr(
        'fcos_mm.paper.main.Queue.run', lambda self, works: asked.extend(works) or [])
    monkeypatch.setattr('fcos_mm.paper.main.make_data', lambda root: None)
    paper('table4', '--scale', 'tiny', '--out', tmp_path, '--no-train')
    left = [run.command()[0] for work in asked for run in work if run.is_left]
    assert left == [str(TOOLS / 'test.py')]


def test_plan_writes_configs_and_runs_nothing(shapes, tmp_path, capsys):
    paper('table4', '--scale', 'tiny', '--data-root', shapes, '--out', tmp_path, '--plan')
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 11 and all(line.startswith('python ') for line in shown)
    folder = tmp_path / 'runs/fcos/seed0'
    assert {path.name for path in tmp_path.glob('runs/**/*') if path.is_file()} == {'config.py'}
    test = next(line for line in shown if f'{folder}/fcos/config.py' in line)
    assert f'"$(cat {folder}/last_checkpoint)"' in test  # which is known when it is trained
    both = next(line for line in shown if '/retinanet/seed0/retinanet_network/config.py' in line)
    network = f'{tmp_path}/runs/centerness-network/seed0/last_checkpoint'
    assert both.endswith(f'--cfg-options model.ranking.checkpoint="$(cat {network})"')
    for line in shown:
        config = shlex.split(line)[2]
        assert Config.fromfile(config).model, 'the commands run as they are'


def test_coco_is_not_trained_without_a_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(UserError, match=r'(?s)5 trainings on COCO are left .*--plan'):
        paper('table4', '--out', tmp_path)


def test_table_without_runs_says_not_measured(tmp_path, capsys):
    paper('table9', '--scale', 'tiny', '--out', tmp_path, '--no-train')
    assert capsys.readouterr().out.count('not measured') == 12 + 2


def test_figure_without_runs_is_an_error(tmp_path):
    with pytest.raises(UserError, match='figure7: .*not finished: fcos, fcos:none, seed 0'):
        paper('figure7', '--scale', 'tiny', '--out', tmp_path, '--no-train')


def test_table7_is_for_full_scale(tmp_path):
    with pytest.raises(UserError, match='exists at --scale full only'):
        paper('table7', '--scale', 'tiny', '--out', tmp_path)


@pytest.mark.parametrize('words, message', [
    (['fcos=/nowhere.pth'], "there is no file '/nowhere.pth'"),
    (['fcas=x.pth'], "there is no experiment 'fcas'"),
])
def test_wrong_weights(words, message, tmp_path):
    with pytest.raises(UserError, match=message):
        paper('table4', '--out', tmp_path, '--weights', *words)


def test_plan_of_everything_at_full_scale(tmp_path, capsys):
    paper(*NAMES, '--out', tmp_path, '--plan')
    shown = capsys.readouterr().out
    assert shown.count('train.py') == 22
    assert 'runs/mmdet_cornernet/seed0/config.py' in shown


def test_small_says_where_its_data_comes_from(tmp_path):
    with pytest.raises(UserError, match=r'(?s)trains on BCCD.*fcos-mm voc-to-coco'):
        paper('table3', '--scale', 'small', '--data-root', tmp_path / 'none', '--out', tmp_path)


def test_a_mistyped_data_root_is_not_generated(tmp_path):
    with pytest.raises(UserError, match='(?s)shaeps: no such folder.*Without --data-root'):
        paper('table3', '--scale', 'tiny', '--data-root', tmp_path / 'shaeps', '--out', tmp_path)
    assert not (tmp_path / 'shaeps').exists()


@pytest.mark.parametrize('words', [['table9', '--no-train'], ['table1'], ['table3', '--plan']])
def test_a_folder_that_cannot_be_written_is_told_first(words, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='(?s)file/out cannot be written: .*Give another --out'):
        paper(*words, '--scale', 'tiny', '--out', tmp_path / 'file' / 'out')


def test_tables_of_annotations_say_what_they_are_about(shapes, tmp_path, capsys):
    content = json.loads((shapes / 'annotations' / 'test.json').read_text())
    content['annotations'][0]['bbox'][2] = -3
    content['annotations'][0]['iscrowd'] = 0
    (tmp_path / 'faulty.json').write_text(json.dumps(content))
    paper('table1', '--scale', 'tiny', '--data-root', shapes, '--ann-file',
          tmp_path / 'faulty.json', '--out', tmp_path)
    shown = capsys.readouterr().out
    assert f'{tmp_path}/faulty.json: 6 images, ' in shown and '1 not usable' in shown
    assert '1 of ' in shown and 'boxes have no area' in shown
    notes = json.loads((tmp_path / 'table1.json').read_text())['notes']
    assert notes[0].startswith(f'{tmp_path}/faulty.json: 6 images, ')


def test_annotations_of_tiny_are_generated_where_they_are_needed(tmp_path, monkeypatch):
    made = []

    def generate(root):
        made.append(root)
        make_shapes(root, counts=(1, 1, 2))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('fcos_mm.paper.main.make_data', generate)
    paper('table1', '--scale', 'tiny', '--no-train', '--out', 'out')
    assert made == ['data/shapes'] and 'BPR' in Path('out/table1.txt').read_text()


def test_negative_gpus(capsys):
    with pytest.raises(SystemExit):
        arguments('table3', '--gpus', '-1')
    assert '--gpus: must be 0 or more, got -1' in capsys.readouterr().err
