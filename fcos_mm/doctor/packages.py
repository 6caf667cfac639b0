"""Required packages: are they installed and compatible, and can they be imported?"""
import importlib.metadata
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fcos_mm.doctor.finding import (
    Finding,
    ImportProblem,
    import_error,
    is_installed,
    version_of,
)
from fcos_mm.version import __version__

#: The maintained line, as requirements/mminstall.txt has it.
MAINTAINED = ('onedl-mmengine==0.10.12', 'onedl-mmcv==2.3.6', 'onedl-mmdetection==3.5.1',
              'imaug==0.4.3')
INSTALL_OPENMMLAB = f'MMCV_WITH_OPS=0 pip install --no-deps --use-pep517 {" ".join(MAINTAINED)}'
#: The distributions that bring a module: those of the maintained line and of the original one.
LINES = {'mmengine': (('onedl-mmengine', ), ('mmengine', )),
         'mmcv': (('onedl-mmcv', ), ('mmcv', 'mmcv-lite')),
         'mmdet': (('onedl-mmdetection', ), ('mmdet', ))}
OPENCV = ('opencv-python-headless', 'opencv-python', 'opencv-contrib-python-headless',
          'opencv-contrib-python')


@dataclass(frozen=True)
class Package:
    """A package that fcos_mm imports.

    Attributes:
        module: The module imported to see whether it works.
        distributions: Distributions that contain it; the first is recommended.
        install: The command that installs it.
    """

    module: str
    distributions: tuple[str, ...]
    install: str


def _from_pip(module: str, *distributions: str) -> Package:
    return Package(module, distributions or (module, ),
                   f'pip install {(distributions or (module, ))[0]}')


#: In the order of their imports: what is broken below breaks those above.
PACKAGES = (
    _from_pip('numpy'), _from_pip('cv2', *OPENCV), _from_pip('PIL', 'pillow'),
    _from_pip('matplotlib'), _from_pip('scipy'), _from_pip('pycocotools.mask', 'pycocotools'),
    _from_pip('yaml', 'pyyaml'), _from_pip('rich'), _from_pip('anyascii'), _from_pip('torch'),
    *(Package(f'{module}.{part}', sum(LINES[module], ()), INSTALL_OPENMMLAB)
      for module, part in (('mmengine', 'runner'), ('mmcv', 'ops'), ('mmdet', 'apis'))),
)
# Modules that are brought by a package of another name or version.
_BRINGERS = {
    **{package.module.partition('.')[0]: package.install for package in PACKAGES},
    'imgaug': 'pip install --no-deps imaug', 'pkg_resources': "pip install 'setuptools<81'"}


def python() -> Iterator[Finding]:
    """The interpreter and fcos_mm itself."""
    version = '.'.join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 10)
    yield Finding('python', 'broken' if old else 'ok', f'{version}, {sys.executable}',
                  'make install PYTHON=python3.12' if old else '')
    yield Finding('fcos_mm', 'ok', f'{__version__}, {Path(__file__).parents[1]}')
    if not is_installed('_fcos_mm_startup'):
        yield Finding('start-up file', 'absent', 'fcos_mm is on the path but not installed: '
                      "mmdet's own tools cannot find it", 'pip install --no-deps -e .')


def packages() -> Iterator[Finding]:
    """Every package that is needed: installed, and can be imported."""
    causes: dict[str, str] = {}  # by error, the first package that has it
    for package in PACKAGES:
        module = package.module.partition('.')[0]
        versions = [version if name == module else f'{name} {version}'
                    for name in package.distributions if (version := version_of(name))]
        text = ', '.join(versions) or 'version unknown'
        error = import_error(package.module)
        if error is None:
            yield Finding(module, 'ok', text)
        elif error.missing == module:
            yield Finding(module, 'broken', 'not installed', package.install)
        elif causes.setdefault(error.text, module) != module:
            yield Finding(module, 'broken', f'{text}: cannot be imported because '
                          f'{causes[error.text]} cannot be imported')
        else:
            yield Finding(module, 'broken', f'{text}: cannot be imported: {error.text}',
                          _mend(package, error))


def _mend(package: Package, error: ImportProblem) -> str:
    """The command for a package that is installed and cannot be imported."""
    if 'libGL' in error.text:
        return f'pip uninstall -y {" ".join(OPENCV)} && pip install {OPENCV[0]}'
    if error.missing not in ('', package.module.partition('.')[0]):
        return _BRINGERS.get(error.missing, f'pip install {error.missing}')
    return package.install.replace('pip install', 'pip install --force-reinstall', 1)


def openmmlab_lines() -> Iterator[Finding]:
    """One line of OpenMMLab's packages, not both: they overwrite each other."""
    found = {module: [[name for name in names if version_of(name)] for names in lines]
             for module, lines in LINES.items()}
    installed = [name for lines in found.values() for names in lines for name in names]
    mend = f'pip uninstall -y {" ".join(installed)} && {INSTALL_OPENMMLAB}'
    twice = [' and '.join(sum(lines, [])) for lines in found.values() if len(sum(lines, [])) > 1]
    if twice:
        yield Finding('OpenMMLab', 'broken', f'{"; ".join(twice)} overwrite each other', mend)
    elif all(any(lines[line] for lines in found.values()) for line in (0, 1)):
        yield Finding('OpenMMLab', 'warning',
                      f'packages of two release lines are mixed: {", ".join(installed)}', mend)


def opencv() -> Iterator[Finding]:
    """One build of OpenCV: they all bring the module cv2."""
    found = [name for name in OPENCV if version_of(name)]
    if len(found) > 1:
        yield Finding('opencv', 'warning', f'{" and ".join(found)} overwrite each other',
                      f'pip uninstall -y {" ".join(found)} && pip install {OPENCV[0]}')


def limits() -> Iterator[Finding]:
    """Versions that installed packages ask of each other, as those of OpenCV and NumPy."""
    from packaging.requirements import Requirement
    names = [name for package in PACKAGES for name in package.distributions] + ['imaug']
    for name in names:
        if not version_of(name):
            continue
        for text in importlib.metadata.requires(name) or ():
            needed = Requirement(text)
            applies = needed.marker is None or needed.marker.evaluate({'extra': ''})
            version = version_of(needed.name)
            if applies and version and not needed.specifier.contains(version, prereleases=True):
                wanted = f'{needed.name}{needed.specifier}'
                yield Finding(needed.name, 'warning', f'{name} {version_of(name)} requires '
                              f'{wanted}, but {version} is installed', f"pip install '{wanted}'")
