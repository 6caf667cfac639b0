"""The lines at the start of a run, for a schedule that counts iterations."""
import contextlib
import io

from fcos_mm.cli import main, train


def test_iterations_without_validation(tiny_config, tmp_path):
    path = tmp_path / 'iterations.py'
    path.write_text(f"_base_ = '{tiny_config}'\n" + '''
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=1)
train_dataloader = dict(batch_size=1, sampler=dict(type='InfiniteSampler'), batch_sampler=None)
val_cfg = None
val_dataloader = None
val_evaluator = None
default_hooks = dict(checkpoint=dict(by_epoch=False))
log_processor = dict(by_epoch=False)
''')
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(train, [str(path), '--work-dir', str(tmp_path)])
    lines = printed.getvalue().splitlines()
    header = lines[:lines.index('', 1)]
    assert header[:5] == [
        '', f'config      {path}', f'work dir    {tmp_path}',
        'training    4 images in batches of 1, 1 iterations', 'classes     2: cup, jar']
    assert header[5].startswith('parameters  0.')
    assert header[6].endswith(', 1 process')
    assert header[7].startswith(f'log file    {tmp_path}')
