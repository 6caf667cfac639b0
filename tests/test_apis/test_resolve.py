"""From the options to the config, which nothing changes afterwards."""
import pytest
import torch

from fcos_mm.apis import resolve as module
from fcos_mm.apis import test as test_api
from fcos_mm.apis import train as train_api
from fcos_mm.cli import parse, test, train
from fcos_mm.errors import UserError


def resolved(command, *words):
    mode = 'test' if command is test else 'train'
    return module.resolve(parse(command, [str(word) for word in words]), mode)[0]


@pytest.mark.parametrize('command, api, words', [
    (train, train_api, ['--auto-scale-lr']),
    (train, train_api, ['--resume', '{checkpoint}', '--cfg-options', 'train_cfg.max_epochs=2']),
    (test, test_api, ['--tta']), (test, test_api, ['--show-dir', 'drawn'])])
def test_a_run_ends_with_the_config_that_was_resolved(command, api, words, trained, run, tmp_path,
                                                      monkeypatch):
    seen = {}

    def build(cfg):
        seen['runner'] = build_runner(cfg)
        return seen['runner']

    def resolve(args, mode, cfg=None):
        cfg, warnings = module.resolve(args, mode, cfg)
        seen['resolved'], seen['cfg'] = cfg.pretty_text, cfg
        return cfg, warnings

    build_runner = api.build_runner
    monkeypatch.setattr(api, 'build_runner', build)
    monkeypatch.setattr(api, 'resolve', resolve)
    words = [word.format(checkpoint=trained.checkpoint) for word in words]
    run(command, trained.config, *([trained.checkpoint] if command is test else []), '--work-dir',
        tmp_path, *words)
    assert seen['cfg'].pretty_text == seen['resolved'] == seen['runner'].cfg.pretty_text


def test_ranks_on_cpus_wrap_the_model_for_no_device(tiny_config, monkeypatch):
    monkeypatch.setenv('RANK', '0')
    monkeypatch.setattr('fcos_mm.compat.distributed.get_device', lambda: 'cpu')
    wrapper = resolved(train, tiny_config, '--launcher', 'pytorch').model_wrapper_cfg
    assert (wrapper.type, wrapper.device_ids) == ('MMDistributedDataParallel', None)


def test_defaults(tiny_config):
    cfg = resolved(train, tiny_config)
    assert (cfg.work_dir, cfg.resume, cfg.load_from) == ('work_dirs/tiny', False, None)
    assert cfg.launcher == 'none' and not cfg.auto_scale_lr.enable
    assert resolved(train, tiny_config, '--auto-scale-lr').auto_scale_lr.enable


def test_resume(trained, tmp_path):
    def where(*words):
        cfg = resolved(train, trained.config, *words)
        return cfg.resume, cfg.load_from

    assert where('--work-dir', trained.work_dir, '--resume') == (True, str(trained.checkpoint))
    assert where('--work-dir', tmp_path, '--resume') == (False, None)  # nothing is there
    assert where('--resume', trained.checkpoint) == (True, str(trained.checkpoint))
    with pytest.raises(UserError, match='Checkpoint not found: none.pth'):
        where('--resume', 'none.pth')


def test_amp(tiny_config, monkeypatch):
    monkeypatch.setattr(module, 'get_device', lambda: 'cuda')
    wrapper = resolved(train, tiny_config, '--amp').optim_wrapper
    assert (wrapper.type, wrapper.loss_scale) == ('AmpOptimWrapper', 'dynamic')


def test_amp_on_a_cpu(tiny_config, monkeypatch):
    monkeypatch.setattr(module, 'get_device', lambda: 'cpu')
    cfg = resolved(train, tiny_config, '--amp')
    assert (cfg.optim_wrapper.type, cfg.optim_wrapper.dtype) == ('AmpOptimWrapper', 'bfloat16')
    assert cfg.optim_wrapper.loss_scale == dict(enabled=False)
    assert cfg.default_hooks.fast_training.channels_last
    assert not resolved(train, tiny_config).default_hooks.fast_training.get('channels_last')


@pytest.mark.parametrize('words, enabled, options', [
    ([], False, {}), (['--fast'], True, {}),
    (['--precision', 'bf16'], True, dict(precision='bf16')),
    (['--precision', 'fp32'], False, dict(precision='fp32')),
    (['--fast', '--precision', 'fp32'], True, dict(precision='fp32'))])
def test_precision(words, enabled, options, tiny_config):
    hook = resolved(test, tiny_config, 'a.pth', *words).default_hooks.fast_inference
    assert (hook.enabled, hook.options) == (enabled, options)


def test_tta_merges_the_mirror_image(tiny_config):
    cfg = resolved(test, tiny_config, 'a.pth', '--tta')
    assert cfg.model.type == 'mmdet.DetTTAModel' and cfg.model.module.type.endswith('FCOS')
    flips, pack = cfg.test_dataloader.dataset.pipeline[-1].transforms
    assert [flip.prob for flip in flips] == [1.0, 0.0]
    assert 'flip_direction' in pack[0].meta_keys


def test_tta_as_configured(variant):
    cfg = resolved(test, variant(
        "tta_model = dict(type='DetTTAModel', tta_cfg=dict(max_per_img=7))\n"
        "tta_pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), "
        "dict(type='PackDetInputs')]\n"), 'a.pth', '--tta')
    assert cfg.model.tta_cfg.max_per_img == 7
    assert len(cfg.test_dataloader.dataset.pipeline) == 3


@pytest.mark.parametrize('command, text, words, message', [
    (train, 'auto_scale_lr = dict(_delete_=True)', ['--auto-scale-lr'], 'auto_scale_lr=dict'),
    (test, 'default_hooks = dict(_delete_=True)', ['a.pth', '--show-dir', 'drawn'],
     'default_hooks.visualization')])
def test_options_that_the_config_does_not_support(command, text, words, message, variant):
    with pytest.raises(UserError, match=message):
        resolved(command, variant(text), *words)


def test_the_seed_is_that_of_the_checkpoint(trained, tmp_path):
    torch.save(dict(torch.load(trained.checkpoint), meta=dict(seed=7, epoch=1, iter=2)),
               tmp_path / 'epoch_1.pth')
    args = parse(train, [str(trained.config), '--resume', str(tmp_path / 'epoch_1.pth')])
    cfg, warnings = module.resolve(args, 'train')
    assert cfg.randomness.seed == 7 and 'the run continues with 7' in warnings[0]
