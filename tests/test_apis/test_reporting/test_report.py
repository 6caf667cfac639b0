"""``fcos-mm report``: its numbers are the metric's, and it detects only where it has to."""
import json
import pickle
import shutil
from types import SimpleNamespace

import pytest

from fcos_mm.apis.reporting import collecting
from fcos_mm.apis.reporting import report as api
from fcos_mm.apis.reporting.inference import made_by, predict
from fcos_mm.apis.reporting.predictions import load
from fcos_mm.apis.reporting.split import choose_split
from fcos_mm.apis.trained_model import find_model
from fcos_mm.cli import main, report, test, train
from fcos_mm.errors import UserError


@pytest.fixture(scope='module')
def work_dir(trained, tmp_path_factory):
    """A work dir of its own, so that other tests see none of what a report leaves."""
    folder = tmp_path_factory.mktemp('reported') / 'my work'
    shutil.copytree(trained.work_dir, folder)
    return folder


@pytest.fixture(scope='module')
def tested(trained, tmp_path_factory):
    """What ``test --out`` says and writes for the same checkpoint."""
    folder = tmp_path_factory.mktemp('tested')
    metrics = main(test, [str(trained.config), str(trained.checkpoint), '--work-dir', str(folder),
                          '--out', str(folder / 'found.pkl')])
    return SimpleNamespace(metrics=metrics, predictions=folder / 'found.pkl')


@pytest.fixture
def detections(monkeypatch):
    """The checkpoints that were detected with, noted as it happens."""
    noted = []

    def noting(cfg, checkpoint, *args):
        noted.append(checkpoint)
        return predict(cfg, checkpoint, *args)

    monkeypatch.setattr(collecting, 'predict', noting)
    return noted


def numbers(page):
    return json.loads(page.with_suffix('.json').read_text())


def test_the_numbers_are_those_of_the_metric(work_dir, tested, run, detections):
    page = work_dir / 'report' / 'report.html'
    _, screen = run(report, work_dir)
    assert screen.splitlines()[-1] == f'report        {page}: open it in a browser'
    assert detections == [str(work_dir / 'epoch_1.pth')]
    summary = numbers(page)['summary']
    shown = {'AP': 'mAP', 'AP50': 'mAP_50', 'AP75': 'mAP_75', 'AP small': 'mAP_s'}
    assert {name: summary['precision'][name] for name in shown} == {
        name: tested.metrics[f'coco/bbox_{metric}'] for name, metric in shown.items()}
    assert summary['precision']['AP large'] is None  # there is no large box
    assert (summary['images'], summary['boxes'], summary['split']) == (2, 4, 'val')
    assert '<h1>Report on my work</h1>' in page.read_text()

    _, screen = run(report, work_dir)
    assert len(detections) == 1 and 'predictions.npz, made by this checkpoint' in screen
    assert numbers(page)['summary'] == summary
    run(report, work_dir, '--again')
    assert len(detections) == 2
    run(report, work_dir, '--split', 'val')  # beside the report of the split that it chooses
    assert numbers(work_dir / 'report_val' / 'report.html')['summary'] == summary
    assert len(detections) == 3


def test_class_scores_are_kept_and_no_lower(work_dir, run, tmp_path, monkeypatch):
    """Center-ness is at most 1."""
    origins = []
    monkeypatch.setattr(collecting, 'save', lambda predictions, origin, path: origins.append(
        predictions.found))
    run(report, work_dir, '--out', tmp_path / 'page.html')
    found, = origins
    assert len(found.scores) == 10  # 5 of each image, as the config says
    assert (found.class_scores >= found.scores).all()
    assert (found.class_scores > found.scores).any()


def test_predictions_of_a_test(work_dir, tested, run, detections, tmp_path):
    page = tmp_path / 'new' / 'page.html'
    run(report, work_dir, '--predictions', tested.predictions, '--out', page)
    assert not detections and not (page.parent / 'predictions.npz').exists()
    assert numbers(page)['summary']['precision']['AP50'] == tested.metrics['coco/bbox_mAP_50']


def test_lost_images_are_named(work_dir, tested, run, tmp_path):
    """Predictions that are there need no images; the page does."""
    samples = pickle.loads(tested.predictions.read_bytes())
    lost = str(tmp_path / 'lost.png')
    samples[0]['img_path'] = lost
    (tmp_path / 'found.pkl').write_bytes(pickle.dumps(samples))
    _, screen = run(report, work_dir, '--predictions', tmp_path / 'found.pkl', '--out',
                    tmp_path / 'page.html')
    assert f'warning: 1 of {len(samples)} images not found, e.g. {lost}: ' in screen


def test_predictions_without_ids(work_dir, tested, run, tmp_path):
    samples = pickle.loads(tested.predictions.read_bytes())
    del samples[1]['img_id']
    (tmp_path / 'found.pkl').write_bytes(pickle.dumps(samples))
    with pytest.raises(UserError, match=r'val_2.png has no id or no size'):
        run(report, work_dir, '--predictions', tmp_path / 'found.pkl')


def test_a_model_that_detects_nothing(work_dir, run, tmp_path):
    page = tmp_path / 'page.html'
    run(report, work_dir, '--out', page, '--cfg-options', 'model.test_cfg.score_thr=0.9999')
    summary = numbers(page)['summary']
    assert summary['detections'] == 0 and summary['precision']['AP'] == 0
    assert summary['best']['threshold'] is None
    assert 'The model detects nothing' in page.read_text()


@pytest.mark.parametrize('words, message', [
    (['--out', 'page.txt'], 'the name must end with .html'),
    (['--split', 'test', '--cfg-options', 'test_dataloader=None'], 'the test split has none'),
    (['--split', 'val', '--cfg-options', 'val_dataloader.dataset.ann_file=no.json'], 'no.json')])
def test_words_that_are_refused(words, message, work_dir, run):
    with pytest.raises(UserError, match=message):
        run(report, work_dir, *words)


def test_a_split_without_boxes(work_dir, tiny_data, run, tmp_path):
    data = json.loads((tiny_data / 'val.json').read_text())
    (tmp_path / 'val.json').write_text(json.dumps(dict(data, annotations=[])))
    with pytest.raises(UserError, match='has no box of a class of the model'):
        run(report, work_dir, '--split', 'val', '--cfg-options',
            f'val_dataloader.dataset.ann_file={tmp_path / "val.json"}')


def test_no_checkpoint(trained, run):
    with pytest.raises(UserError, match='no checkpoint none.pth'):
        run(report, trained.config, 'none.pth')


def train_with_report(config, work_dir, *words):
    main(train, [str(config), '--work-dir', str(work_dir), *words], no_report=False)


def test_a_training_ends_with_its_report(tiny_config, tmp_path, capsys):
    train_with_report(tiny_config, tmp_path)
    page = tmp_path / 'report' / 'report.html'
    assert capsys.readouterr().out.endswith(f'report        {page}: open it in a browser\n')
    content = numbers(page)
    assert [line['name'] for line in content['curves']['losses']][0] == 'loss'
    assert content['curves']['losses'][0]['x'] == [1, 2]
    assert content['run']['splits'] == [['train', 4, 8], ['val', 2, 4]]
    # the command would detect no second time
    cfg, checkpoint, _ = find_model(str(tmp_path))
    assert load(page.with_name('predictions.npz'), made_by(cfg, checkpoint, choose_split(cfg)))


def test_a_training_does_not_fail_with_its_report(variant, tmp_path, capsys):
    config = variant('val_dataloader = None\nval_evaluator = None\nval_cfg = None\n'
                     'test_dataloader = None\ntest_evaluator = None\ntest_cfg = None')
    train_with_report(config, tmp_path / 'a b')
    assert capsys.readouterr().out.splitlines()[-2:] == [
        'warning: no report was written: A report needs annotated images, and the test split has '
        'none.', f"report with   fcos-mm report '{tmp_path}/a b'"]
    assert (tmp_path / 'a b' / 'epoch_1.pth').is_file()


def test_several_processes_name_the_command(monkeypatch, capsys):
    monkeypatch.setattr(api, 'get_world_size', lambda: 2)
    api.report_after_training(SimpleNamespace(work_dir='runs/mine'))
    assert capsys.readouterr().out == 'report with   fcos-mm report runs/mine\n'
    monkeypatch.setattr(api, 'is_main_process', lambda: False)
    api.report_after_training(SimpleNamespace(work_dir='runs/mine'))
    assert capsys.readouterr().out == ''
