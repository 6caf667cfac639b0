"""Set-up: requirements, an installed package with its configs, the scripts."""
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import mmdet
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ('dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh')
USER_CONFIG = """
_base_ = 'fcos_mm::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'
model = dict(bbox_head=dict(num_classes=3))
"""
LOAD = """
import fcos_mm
from mmengine.config import Config
cfg = Config.fromfile('user.py')
print(fcos_mm.__file__, cfg.model.bbox_head.num_classes, cfg.model.bbox_head.in_channels)
"""


#: As ``python SCRIPT CONFIG``, after a look at what the start of Python has left behind.
MMDET = """
import sys
assert not {'fcos_mm', 'torch', 'mmengine'} & set(sys.modules)
import mmdet.models, runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def names(file):
    lines = (ROOT / 'requirements' / file).read_text().splitlines()
    return [re.split('[=<>]', line)[0].strip() for line in lines
            if line and not line.startswith('#')]


@pytest.mark.parametrize('file', [
    'runtime.txt', 'mmdeps.txt', 'tests.txt', 'optional.txt', 'pretrained.txt'])
def test_every_requirement_is_pinned(file):
    assert set(names(file)) <= set(names('constraints.txt'))


def test_mm_packages_are_pinned_and_for_the_user_to_install():
    for file in ('mminstall.txt', 'mminstall-openmmlab.txt'):
        text = (ROOT / 'requirements' / file).read_text()
        assert re.findall('^([a-z-]+)==[0-9.]+$', text, re.M) == names(file)
        assert not set(names(file)) & set(names('runtime.txt'))


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of the source tree, as a checkout has it."""
    folder = tmp_path_factory.mktemp('checkout') / 'fcos'
    shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(
        '.git', '.venv*', '*.egg-info', '.mim', 'build', 'work_dirs', 'data', '__pycache__'))
    return folder


def make_environment(folder):
    """An environment that sees the packages of this one but not fcos_mm."""
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
    site, = folder.glob('lib/python3*/site-packages')
    (site / 'outer.pth').write_text(sysconfig.get_path('purelib') + '\n')
    return folder / 'bin' / 'python'


def pip_install(environment, *words):
    """Install there what is named, and touch nothing that is installed here."""
    subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--prefix', environment,
                    '--ignore-installed', '--no-deps', '--no-build-isolation', *words],
                   check=True)


def run_mmdet(python, folder):
    """Run a script of mmdet's, which knows nothing of fcos_mm, on the user's config."""
    script, = Path(mmdet.__file__).parent.glob('.mim/tools/misc/print_config.py')
    env = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    words = [python, '-c', MMDET, script, 'user.py']
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "num_classes=3" in done.stdout and "type='FCOS'" in done.stdout


def load_user_config(python, folder):
    """Load a config outside the source tree that builds on a shipped one."""
    (folder / 'user.py').write_text(USER_CONFIG)
    env = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    done = subprocess.run([python, '-c', LOAD], cwd=folder, env=env, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_wheel_ships_configs_and_tools(source, tmp_path):
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps',
                    '--no-build-isolation', '-w', tmp_path, source], check=True)
    wheel, = tmp_path.glob('fcos_mm-*.whl')
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        metadata, = [name for name in files if name.endswith('METADATA')]
        required = [line for line in archive.read(metadata).decode().splitlines()
                    if line.startswith('Requires-Dist')]
        needs = [line for line in required if 'extra' not in line]
        to_run = [line for line in required if re.search('extra == .runtime.', line)]
        scripts, = [name for name in files if name.endswith('entry_points.txt')]
        entry_points = archive.read(scripts).decode()
    shipped = {f'fcos_mm/.mim/{path.relative_to(ROOT).as_posix()}'
               for folder in ('configs', 'tools') for path in (ROOT / folder).rglob('*')
               if path.suffix in ('.py', '.sh')}
    assert shipped <= files
    assert {'fcos_mm/.mim/model-index.yml', 'fcos_mm/.mim/configs/metafile.yml',
            'fcos_mm/.mim/configs/zoo.yml'} <= files
    assert {'_fcos_mm_startup.py', '_fcos_mm_startup.pth'} <= files
    assert len(to_run) == 2
    assert not [line for line in (*needs, *to_run) if 'mm' in line.split()[1] or 'torch' in line]

    python = make_environment(tmp_path / 'env')
    pip_install(tmp_path / 'env', wheel)
    file, classes, channels = load_user_config(python, tmp_path)
    assert Path(file).is_relative_to(tmp_path / 'env')
    assert (classes, channels) == ('3', '256')
    run_mmdet(python, tmp_path)
    assert 'fcos-mm = fcos_mm.cli.program:run' in entry_points
    shown = subprocess.run([python, '-m', 'fcos_mm', 'configs', 'shapes', '--json'], cwd=tmp_path,
                           env={'PATH': os.environ['PATH']}, capture_output=True, text=True,
                           check=True).stdout
    assert json.loads(shown)[0]['name'] == 'fcos_csp-w25_fpn_shapes'


def test_editable_install_uses_the_configs_of_the_checkout(source, tmp_path):
    python = make_environment(tmp_path / 'env')
    pip_install(tmp_path / 'env', '-e', source)
    assert (source / 'fcos_mm' / '.mim' / 'configs').resolve() == source / 'configs'
    preset = source / 'configs' / '_base_' / 'models' / 'fcos_paper.py'
    preset.write_text(re.sub(r'(?m)^(        )in_channels=256,', r'\1in_channels=128,',
                             preset.read_text()))
    file, classes, channels = load_user_config(python, tmp_path)
    assert Path(file) == source / 'fcos_mm' / '__init__.py'
    assert (classes, channels) == ('3', '128')
    run_mmdet(python, tmp_path)


@pytest.mark.parametrize('script', SCRIPTS)
def test_script_is_sound_and_tells_its_usage(script):
    path = ROOT / 'tools' / script
    subprocess.run(['bash', '-n', path], check=True)
    done = subprocess.run(['bash', path], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith('usage:') or f'{script} --help` explains' in done.stderr


def test_words_of_the_launcher(tmp_path):
    env = {**os.environ, 'PYTHON': 'echo'}
    done = subprocess.run(
        ['bash', ROOT / 'tools' / 'dist_train.sh', 'my config.py', '8', '--amp'], env=env,
        capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith('/launch.py train my config.py 8 --amp')


def test_make_help():
    done = subprocess.run(['make', 'help'], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ('install', 'demo', 'test', 'test-openmmlab', 'lint', 'clean'):
        assert f'make {target} ' in done.stdout
