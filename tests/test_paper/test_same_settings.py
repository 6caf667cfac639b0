"""Is the run in a folder the one that is asked for now?"""
import os

import pytest

from fcos_mm.errors import UserError
from fcos_mm.paper.queue import Queue
from fcos_mm.paper.runs import Run, runs_of


def test_other_settings_are_refused(settings, work):
    assert Queue(jobs=1).run([work(settings())]) == []
    other = Run(settings(options={'train_cfg.max_epochs': 99}), 'fcos_c5')
    with pytest.raises(UserError, match='other settings than are asked for now'):
        other.prepare()


def test_finished_results_of_other_settings_are_refused(settings, work):
    """A table must not show results of a schedule that was not asked for."""
    assert Queue(jobs=1).run([work(settings())]) == []
    work(settings())[1].check()
    other = work(settings(options={'train_cfg.max_epochs': 99}))
    assert not any(run.is_left for run in other)
    with pytest.raises(UserError, match=r'(?s)seed0 holds a run with other settings.*train_cfg'):
        other[1].check()
    with pytest.raises(UserError, match='other settings'):
        runs_of('fcos_c5', other[0].settings)


def test_everything_that_decides_on_results_counts_and_speed_does_not(settings, work):
    assert Queue(jobs=1).run([work(settings())]) == []
    for options, key in [
            ({'custom_hooks': [dict(type='EMAHook')]}, 'custom_hooks'),
            ({'train_dataloader.dataset.filter_cfg.filter_empty_gt': True}, 'train_dataloader'),
            ({'train_dataloader.dataset.data_prefix.img': 'nowhere/'}, 'train_dataloader'),
            ({'train_dataloader.sampler.shuffle': False}, 'train_dataloader'),
            ({'test_dataloader.dataset.metainfo.classes': ('dog', )}, 'test_dataloader')]:
        with pytest.raises(UserError, match=f'(?s)other settings.*now: {key}'):
            work(settings(options=options))[1].check()
    work(settings(options={
        'train_dataloader.num_workers': 0, 'train_dataloader.persistent_workers': False,
        'test_dataloader.num_workers': 0}))[1].check()


def test_finished_training_of_other_settings_is_not_tested(settings, work):
    todo = work(settings())
    assert Queue(jobs=1).run([todo[:1]]) == []
    other = work(settings(options={'train_cfg.max_epochs': 99}))
    with pytest.raises(UserError, match='other settings'):
        Queue(jobs=1).run([other])


def test_results_on_other_images_are_refused(settings, work):
    """Table 7: the same training is tested on minival, then on test-dev."""
    assert Queue(jobs=1).run([work(settings())]) == []
    key = 'test_dataloader.dataset.ann_file'
    other = work(settings(options={key: 'annotations/val.json'}))
    other[0].check()  # it was trained the same
    with pytest.raises(UserError, match=r'(?s)other settings.*test_dataloader'):
        other[1].check()


def test_runs_may_be_moved(tmp_path, settings, work):
    """Where the backbone lies is not a setting."""
    old = settings()
    assert Queue(jobs=1).run([work(old)]) == []
    old.out.rename(tmp_path / 'moved')
    work(old._replace(out=tmp_path / 'moved'))[1].check()


def test_the_folder_of_the_data_may_be_written_in_other_words(settings, work):
    assert Queue(jobs=1).run([work(settings())]) == []
    for folder in ('data/shapes', './data/shapes/', os.path.abspath('data/shapes')):
        work(settings(data_root=folder))[1].check()
    with pytest.raises(UserError, match='other settings'):
        work(settings(data_root='data/other'))[1].check()


def test_results_of_other_weights_are_refused(tmp_path, settings, work):
    first, second = tmp_path / 'iter_3.pth', tmp_path / 'second_iter_3.pth'
    first.write_text('one')
    second.write_text('two')
    trained = work(settings())
    given = work(settings(weights={'fcos_c5': str(first)}))
    assert Queue(jobs=1).run([given]) == []
    given[1].check()
    other = work(settings(weights={'fcos_c5': str(second)}))
    for asked in (other, trained):
        assert asked[1].finished is not None
        with pytest.raises(UserError, match='test of other weights'):
            asked[1].check()
    first.rename(tmp_path / 'elsewhere.pth')  # the same file, wherever it is
    work(settings(weights={'fcos_c5': str(tmp_path / 'elsewhere.pth')}))[1].check()
