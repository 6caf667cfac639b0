"""mmdet's own scripts on our configs."""
import json
import pickle
from types import SimpleNamespace

import mmdet
import pytest
import torch
from matplotlib.axes import Axes

from fcos_mm.apis import mmdet_tools
from fcos_mm.cli import mmdet as command
from fcos_mm.cli import test
from fcos_mm.config import load_config
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS


def boxes_of(path):
    """What a test wrote: the detections, each with all of its numbers."""
    return json.loads(path.read_text())


def test_detections_of_its_test_are_those_of_ours(trained, run, tmp_path):
    for tool, words in ((test, []), (command, ['test'])):
        run(tool, *words, trained.config, trained.checkpoint, '--work-dir', tmp_path,
            '--cfg-options', f'test_evaluator.outfile_prefix={tmp_path / tool.__name__}')
    ours, theirs = (tmp_path / f'{tool.__name__}.bbox.json' for tool in (test, command))
    assert len(boxes_of(ours)) == 2 * 5  # max_per_img
    assert boxes_of(theirs) == boxes_of(ours)


@pytest.mark.parametrize('text, words', [
    ('classes = ("jar", )', []), ('', ['--cfg-options', 'classes=("jar",)'])],
    ids=['in the config', 'as an option'])
def test_classes_hold_for_heads_and_data(text, words, variant, run):
    config = variant(text)
    _, screen = run(command, 'print_config', config, *words)
    screen = ''.join(screen.split())
    assert 'num_classes=1' in screen and screen.count("(classes=('jar',)") == 3


def test_flops(tiny_config, run):
    _, screen = run(command, 'get_flops', tiny_config, '--num-images', 1)
    model = MODELS.build(load_config(str(tiny_config)).model)
    number = sum(value.numel() for value in model.parameters())
    assert f'Params: {number / 1e6:.3f}M' in screen


def test_a_dataset_is_drawn_without_a_display(tiny_config, run, tmp_path):
    run(command, 'analysis_tools/browse_dataset.py', tiny_config, '--output-dir',
        tmp_path / 'drawn', '--not-show')
    assert sorted(path.name for path in (tmp_path / 'drawn').iterdir()) == [
        f'train_{number}.png' for number in (1, 2, 3, 4)]


def test_confusion_matrix(tiny_config, tiny_data, run, tmp_path, monkeypatch):
    """Both jars and one of the two cups are found."""
    annotations = json.loads((tiny_data / 'val.json').read_text())['annotations']
    found = [[0, 1], [1]]
    boxes = {(box['image_id'], box['category_id'] // 10 - 1): box['bbox'] for box in annotations}
    results = [dict(pred_instances=dict(
        labels=torch.tensor(labels), scores=torch.ones(len(labels)),
        bboxes=torch.tensor([corners(boxes[image, label]) for label in labels])))
        for image, labels in enumerate(found, start=1)]
    (tmp_path / 'found.pkl').write_bytes(pickle.dumps(results))
    shown = {}
    monkeypatch.setattr(Axes, 'text', lambda axes, column, row, text, **_: shown.update(
        {(row, column): text}))
    run(command, 'confusion_matrix', tiny_config, tmp_path / 'found.pkl', tmp_path)
    assert [[shown[row, column] for column in range(3)] for row in range(2)] == [
        ['50%', '0%', '50%'], ['0%', '100%', '0%']]
    assert (tmp_path / 'confusion_matrix.png').is_file()


def corners(box):
    x, y, width, height = map(float, box)
    return [x, y, x + width, y + height]


def test_curves_of_a_log(trained, run, tmp_path):
    log, = trained.work_dir.glob('*/vis_data/2*.json')
    run(command, 'analyze_logs', 'plot_curve', log, '--keys', 'loss_cls', '--out',
        tmp_path / 'curve.png')
    assert (tmp_path / 'curve.png').is_file()


def test_a_name_of_a_shipped_config(run):
    _, screen = run(command, 'print_config', 'fcos_mm::demo/fcos_csp-w25_fpn_shapes.py')
    assert "type='CSPDarknet'" in screen


def test_help_is_that_of_the_script(capsys):
    with pytest.raises(SystemExit):
        mmdet_tools.run(SimpleNamespace(script='get_flops', words=['--help']))
    assert '--num-images' in capsys.readouterr().out


def test_scripts_are_listed(run):
    _, screen = run(command)
    assert {'test.py', 'analysis_tools/get_flops.py'} <= set(screen.split())


def test_of_several_the_outer_one():
    scripts = {'a/b.py': 1, 'a/c/b.py': 2, 'b.sh.py': 3}
    assert [mmdet_tools.choose(name, scripts) for name in ('b', 'b.py', 'a/b', 'c/b.py')] == [
        1, 1, 1, 2]


def test_no_such_script(run):
    with pytest.raises(UserError, match="has no script get_flop. Did you mean 'get_flops.py'"):
        run(command, 'get_flop', 'x.py')


def test_mmdet_without_its_scripts(monkeypatch, tmp_path):
    monkeypatch.setattr(mmdet, '__file__', str(tmp_path / '__init__.py'))
    with pytest.raises(UserError, match='was installed without its scripts: there is no '
                       f'{tmp_path}/.mim/tools'):
        mmdet_tools.find_scripts()
