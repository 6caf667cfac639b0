"""What all tests share: few threads, a tiny dataset, a tiny config."""
import base64
import hashlib
import html
import json
import multiprocessing.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import fcos_mm  # noqa: F401  (before any test imports mmdet)
from fcos_mm.cli import train

pytest_plugins = ['tests.cheaper']
ROOT = Path(__file__).resolve().parent.parent
CLASSES = ('cup', 'jar')

TINY_CONFIG = '''
_base_ = ['{root}/configs/_base_/models/fcos_paper.py',
          '{root}/configs/_base_/datasets/coco_detection.py',
          '{root}/configs/_base_/default_runtime.py']
data_root = '{data}/'
metainfo = dict(classes=('cup', 'jar'))
model = dict(
    data_preprocessor=dict(pad_size_divisor=8),
    backbone=dict(depth=18, base_channels=8, frozen_stages=-1, norm_eval=False, style='pytorch',
                  norm_cfg=dict(requires_grad=True), init_cfg=None),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    bbox_head=dict(num_classes=2, in_channels=16, feat_channels=16, stacked_convs=1,
                   norm_cfg=dict(num_groups=4)),
    test_cfg=dict(score_thr=0.0, max_per_img=5))
train_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]
test_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='Resize', scale=(64, 48), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                                          'scale_factor'))]
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False,
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True),
    dataset=dict(data_root=data_root, ann_file='train.json', data_prefix=dict(img='images/'),
                 metainfo=metainfo, pipeline=train_pipeline, filter_cfg=dict(min_size=0)))
val_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(data_root=data_root, ann_file='val.json', data_prefix=dict(img='images/'),
                 metainfo=metainfo, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'val.json')
test_evaluator = val_evaluator
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = []
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
auto_scale_lr = dict(enable=False, base_batch_size=16)
default_hooks = dict(logger=dict(interval=1))
randomness = dict(seed=0)
'''


@pytest.fixture(scope='session', autouse=True)
def few_threads():
    """Tiny tensors are slower on many threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope='session', autouse=True)
def own_temporary_folder(tmp_path_factory):
    """Processes that are killed leave temporary files. Unix sockets need a short path."""
    tmp_path_factory.getbasetemp()  # pytest keeps it, where it is
    with tempfile.TemporaryDirectory(prefix='fcos_', ignore_cleanup_errors=True) as folder, \
            pytest.MonkeyPatch.context() as patch:
        patch.setenv('TMPDIR', folder)
        patch.setattr(tempfile, 'tempdir', folder)
        yield
        multiprocessing.util._run_finalizers()  # it removes its own folder in there


@pytest.fixture(scope='session', autouse=True)
def no_reports():
    """Trainings in this process write no report; ``main(train, words, no_report=False)`` does."""
    add_arguments = train.add_arguments

    def with_default(parser):
        add_arguments(parser)
        parser.set_defaults(no_report=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, 'add_arguments', with_default)
        yield


@pytest.fixture(scope='session')
def tiny_data(tmp_path_factory) -> Path:
    """A COCO-format dataset: 4 pictures to train, 2 to validate, 64x48.

    Each has a bright cup and a dark jar. Files: ``train.json``, ``val.json``,
    ``images/``.
    """
    root = tmp_path_factory.mktemp('tiny_data')
    (root / 'images').mkdir()
    random = np.random.default_rng(0)
    for split, count in (('train', 4), ('val', 2)):
        write_split(root, split, count, random)
    return root


def write_split(root: Path, split: str, count: int, random: np.random.Generator) -> None:
    """Write pictures and the annotation file of one split."""
    images, annotations = [], []
    for index in range(1, count + 1):
        pixels = random.integers(90, 130, (48, 64, 3), np.uint8)
        for category, (left, shade) in enumerate(((2, 255), (34, 0)), start=1):
            x, y = left + int(random.integers(0, 6)), int(random.integers(2, 20))
            width, height = (int(side) for side in random.integers(12, 22, 2))
            pixels[y:y + height, x:x + width] = shade
            annotations.append(dict(
                id=len(annotations) + 1, image_id=index, category_id=category * 10,
                bbox=[x, y, width, height], area=width * height, iscrowd=0))
        name = f'{split}_{index}.png'
        cv2.imwrite(str(root / 'images' / name), pixels)
        images.append(dict(id=index, file_name=name, width=64, height=48))
    categories = [dict(id=10 * index, name=name) for index, name in enumerate(CLASSES, start=1)]
    (root / f'{split}.json').write_text(json.dumps(
        dict(images=images, annotations=annotations, categories=categories)))


@pytest.fixture(scope='session')
def tiny_config(tiny_data, tmp_path_factory) -> Path:
    """A config that trains a very small FCOS for one epoch on ``tiny_data``."""
    path = tmp_path_factory.mktemp('tiny_config') / 'tiny.py'
    path.write_text(TINY_CONFIG.format(root=ROOT, data=tiny_data))
    return path


@pytest.fixture(scope='session')
def real_data() -> Path:
    """The folder with real data; the test is skipped where there is none."""
    folder = Path(os.environ.get('FCOS_MM_REAL_DATA', ROOT.parent / 'shared' / 'data'))
    if not folder.is_dir():
        pytest.skip(f'no real data in {folder}: set FCOS_MM_REAL_DATA')
    return folder


class NoWaiting(TorchDispatchMode):
    """Fails on operators that make the CPU wait for a device."""

    WAITING = {'_local_scalar_dense', 'nonzero', 'nonzero_static', 'masked_select', 'item',
               'unique', '_unique2', 'is_nonzero', 'equal'}

    def __init__(self):
        super().__init__()
        self.from_lists = []  # tensors made of Python's numbers

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        assert name not in self.WAITING, f'{name} waits for the device'
        if name.startswith('index') and len(args) > 1 and isinstance(args[1], (list, tuple)):
            for index in args[1]:
                masked = index is not None and index.dtype in (torch.bool, torch.uint8)
                assert not masked, f'{name} by a mask waits for the device'
                listed = any(index is tensor for tensor in self.from_lists)
                assert not listed, f'{name} by a list waits for the device'
        result = func(*args, **(kwargs or {}))
        if name == 'lift_fresh':
            self.from_lists.append(result)
        return result


@pytest.fixture
def no_waiting():
    """A context, ``no_waiting()``, in which the CPU must not wait for a device."""
    return NoWaiting


class Browser:
    """Headless Chromium. Every call starts it anew, which takes a second: look at much at once."""

    FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
             '--disable-background-networking', '--disable-component-update', '--disable-sync',
             '--host-resolver-rules=MAP * ~NOTFOUND', '--enable-logging=stderr')
    SEEN = '''addEventListener('load', () => parent.postMessage([
        location.hash.slice(1), (() => {{ {script} }})(), document.documentElement.outerHTML
        ], '*'))'''
    FRAMES = '''<script>const all = []; addEventListener('message', ({{ data }}) => {{
        all.push(data); document.querySelector('pre').textContent = JSON.stringify(all); }})
        </script><pre></pre>{frames}'''
    FRAME = '<iframe src="seen.html#{width}" width="{width}" height="900" frameborder="0"></iframe>'

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def look(self, page, script='', widths=(1280, )):
        """Open a page at several widths, and run a script in each once it is loaded.

        Returns ``results``, what the script returns at each width; ``dom``, the document at the
        first width afterwards; ``console``, warnings and errors; ``requests``, what the page asks
        a network for.
        """
        seen, frames, log = (self.folder / name for name in ('seen.html', 'frames.html', 'net'))
        script = self.SEEN.format(script=script)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed = f"script-src 'sha256-{digest}' "  # beside what the page itself allows
        seen.write_text(Path(page).read_text().replace('script-src ', allowed)
                        + f'<script>{script}</script>')
        frames.write_text(self.FRAMES.format(
            frames=''.join(self.FRAME.format(width=width) for width in widths)))
        run = self._run(f'--log-net-log={log}', '--virtual-time-budget=5000', '--dump-dom', frames)
        told = json.loads(html.unescape(re.search('<pre>(.*?)</pre>', run.stdout, re.S)[1]))
        told = {int(width): (result, dom) for width, result, dom in told}
        events = (event.get('params', {}) for event in json.loads(log.read_text())['events'])
        return SimpleNamespace(
            results={width: told[width][0] for width in widths}, dom=told[widths[0]][1],
            console=re.findall(r'CONSOLE[^\]]*\] (.*)', run.stderr),
            requests=[event['url'] for event in events if event.get('initiator') == 'null'
                      and not event['url'].startswith(('file:', 'data:'))])

    def screenshot(self, page, picture, width, height, *flags):
        """Write a picture of a page, which is at least 500 wide."""
        self._run(f'--window-size={width},{height}', f'--screenshot={picture}', *flags, page)

    def _run(self, *words):
        *flags, page = words
        return subprocess.run([self.program, *self.FLAGS, *flags, Path(page).as_uri()],
                              capture_output=True, text=True, timeout=120, check=True)


@pytest.fixture(scope='session')
def browser(tmp_path_factory) -> Browser:
    """A browser; the test is skipped where there is none."""
    names = ('chromium', 'chromium-browser', 'google-chrome')
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f'none of {", ".join(names)} is installed')
    return Browser(program, tmp_path_factory.mktemp('browser'))
