"""What is said of packages that miss, clash or cannot be imported."""
import importlib.metadata
import re
from pathlib import Path

import pytest

from fcos_mm.doctor import packages
from fcos_mm.doctor.finding import ImportProblem, import_error, version_of
from fcos_mm.doctor.packages import INSTALL_OPENMMLAB, MAINTAINED

ROOT = Path(__file__).resolve().parents[2]
GOOD = {'numpy': '2.2.6', 'opencv-python-headless': '4.12.0.88', 'torch': '2.13.0',
        'onedl-mmengine': '0.10.12', 'onedl-mmcv': '2.3.6', 'onedl-mmdetection': '3.5.1'}


@pytest.fixture
def machine(monkeypatch):
    """``machine(versions, problems)``: what is installed, and what importing a module raises."""
    def set_up(versions, problems=None):
        monkeypatch.setattr(packages, 'version_of', versions.get)
        monkeypatch.setattr(packages, 'import_error', lambda module: (problems or {}).get(
            module.partition('.')[0]))

    return set_up


def findings(check):
    return [(found.name, found.state, found.text, found.remedy) for found in check()]


def test_the_recommended_versions_are_those_that_make_installs():
    lines = (ROOT / 'requirements' / 'mminstall.txt').read_text().splitlines()
    assert [line for line in lines if re.match('[a-z]', line)] == [*MAINTAINED]


def test_what_can_be_imported_is_shown_with_its_version(machine):
    machine(GOOD)
    found = {name: (state, text) for name, state, text, _ in findings(packages.packages)}
    assert found['numpy'] == ('ok', '2.2.6')
    assert found['cv2'] == ('ok', 'opencv-python-headless 4.12.0.88')
    assert found['mmdet'] == ('ok', 'onedl-mmdetection 3.5.1')
    assert {state for state, _ in found.values()} == {'ok'}


def broken(machine, name, problem, versions=GOOD):
    machine(versions, {name: problem})
    line, = (found for found in findings(packages.packages) if found[1] == 'broken')
    assert line[0] == name
    return line[2:]


def test_a_package_that_is_not_there(machine):
    text, remedy = broken(machine, 'torch', ImportProblem('ModuleNotFoundError: ...', 'torch'), {})
    assert (text, remedy) == ('not installed', 'pip install torch')
    _, remedy = broken(machine, 'mmcv', ImportProblem('ModuleNotFoundError: ...', 'mmcv'), {})
    assert remedy == INSTALL_OPENMMLAB


@pytest.mark.parametrize('name, problem, remedy', [
    ('mmdet', ImportProblem('No module', 'imgaug'), 'pip install --no-deps imaug'),
    ('mmdet', ImportProblem('No module', 'terminaltables'), 'pip install terminaltables'),
    ('mmengine', ImportProblem('No module', 'pkg_resources'), "pip install 'setuptools<81'"),
    ('mmdet', ImportProblem('No module', 'mmcv'), INSTALL_OPENMMLAB),
    ('torch', ImportProblem('OSError: libcudart.so.12'), 'pip install --force-reinstall torch'),
    ('cv2', ImportProblem('ImportError: libGL.so.1: cannot open'),
     'pip uninstall -y opencv-python-headless opencv-python opencv-contrib-python-headless '
     'opencv-contrib-python && pip install opencv-python-headless')])
def test_a_package_that_cannot_be_imported(name, problem, remedy, machine):
    text, found = broken(machine, name, problem)
    assert text.endswith(f'cannot be imported: {problem.text}') and found == remedy


def test_what_breaks_several_is_mended_once(machine):
    problem = ImportProblem('OSError: no libcudart')
    machine(GOOD, dict.fromkeys(('torch', 'mmcv', 'mmdet'), problem))
    broken = [line for line in findings(packages.packages) if line[1] == 'broken']
    assert broken == [
        ('torch', 'broken', '2.13.0: cannot be imported: OSError: no libcudart',
         'pip install --force-reinstall torch'),
        ('mmcv', 'broken',
         'onedl-mmcv 2.3.6: cannot be imported because torch cannot be imported', ''),
        ('mmdet', 'broken',
         'onedl-mmdetection 3.5.1: cannot be imported because torch cannot be imported', '')]


def test_one_line_of_openmmlab(machine):
    machine(GOOD)
    assert findings(packages.openmmlab_lines) == []
    machine({'mmengine': '0.10.7', 'mmcv-lite': '2.1.0', 'mmdet': '3.3.0'})
    assert findings(packages.openmmlab_lines) == []


def test_both_lines_of_openmmlab(machine):
    machine({**GOOD, 'mmengine': '0.10.7', 'mmdet': '3.3.0'})
    assert findings(packages.openmmlab_lines) == [(
        'OpenMMLab', 'broken',
        'onedl-mmengine and mmengine; onedl-mmdetection and mmdet overwrite each other',
        'pip uninstall -y onedl-mmengine mmengine onedl-mmcv onedl-mmdetection mmdet && '
        + INSTALL_OPENMMLAB)]


def test_two_builds_of_mmcv(machine):
    machine({'mmcv': '2.1.0', 'mmcv-lite': '2.1.0'})
    assert findings(packages.openmmlab_lines)[0][2] == 'mmcv and mmcv-lite overwrite each other'


def test_lines_that_are_mixed(machine):
    machine({'onedl-mmengine': '0.10.12', 'mmcv-lite': '2.1.0', 'mmdet': '3.3.0'})
    (_, state, text, _), = findings(packages.openmmlab_lines)
    assert (state, text) == (
        'warning',
        'packages of two release lines are mixed: onedl-mmengine, mmcv-lite, mmdet')


def test_two_builds_of_opencv(machine):
    machine(GOOD)
    assert findings(packages.opencv) == []
    machine({**GOOD, 'opencv-python': '4.12.0.88'})
    assert findings(packages.opencv) == [(
        'opencv', 'warning', 'opencv-python-headless and opencv-python overwrite each other',
        'pip uninstall -y opencv-python-headless opencv-python && '
        'pip install opencv-python-headless')]


def test_limits_that_packages_set_each_other(machine, monkeypatch):
    asked = {'opencv-python-headless': ['numpy<2.3.0,>=2; python_version >= "3.9"',
                                        'numpy<2; python_version < "3.9"'],
             'onedl-mmcv': ['opencv-python', 'torch==2.10.0; extra == "torch"', 'numpy'],
             'imaug': ['opencv-python-headless<4.13']}
    monkeypatch.setattr(importlib.metadata, 'requires', asked.get)
    machine({**GOOD, 'imaug': '0.4.3'})
    assert findings(packages.limits) == []
    machine({**GOOD, 'numpy': '2.4.0', 'imaug': '0.4.3', 'opencv-python-headless': '4.13.0.1'})
    assert findings(packages.limits) == [
        ('numpy', 'warning', 'opencv-python-headless 4.13.0.1 requires numpy<2.3.0,>=2, but 2.4.0 '
         'is installed', "pip install 'numpy<2.3.0,>=2'"),
        ('opencv-python-headless', 'warning', 'imaug 0.4.3 requires opencv-python-headless<4.13, '
         'but 4.13.0.1 is installed', "pip install 'opencv-python-headless<4.13'")]


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(packages.sys, 'version_info', (3, 9, 1))
    name, state, text, remedy = findings(packages.python)[0]
    assert (name, state) == ('python', 'broken') and text.startswith('3.9.1, ')
    assert remedy == 'make install PYTHON=python3.12'


@pytest.mark.parametrize('text, problem', [
    ('print("noise")', None),
    ('raise OSError("no\\n library")', ImportProblem('OSError: no library')),
    ('raise SystemExit(3)', ImportProblem('SystemExit: 3')),
    ('raise AssertionError', ImportProblem('AssertionError')),
    ('import not_there_at.all', ImportProblem("ModuleNotFoundError: No module named "
                                              "'not_there_at'", 'not_there_at'))])
def test_import_error(text, problem, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(tmp_path)
    name = f'of_the_doctor_{abs(hash(text))}'
    (tmp_path / f'{name}.py').write_text(text)
    assert import_error(name) == problem
    assert capsys.readouterr().out == ''


def test_version_of():
    assert version_of('numpy') == importlib.metadata.version('numpy')
    assert version_of('no-such-distribution') is None
