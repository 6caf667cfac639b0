"""Installs fcos_mm, its configs and its tools.

The configs and tools lie beside the package in the source tree and inside it,
under ``fcos_mm/.mim``, once installed. That is where mmengine looks for
``_base_ = 'fcos_mm::fcos/...'`` and where a user finds ``tools/train.py``.
"""
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ('configs', 'tools', 'model-index.yml')
STARTUP = '_fcos_mm_startup'
#: What runs an exported detector: neither torch nor an OpenMMLab package.
RUNTIME = ['onnxruntime', 'opencv-python-headless']


def version() -> str:
    """Read ``__version__`` without importing the package."""
    names: dict = {}
    exec((ROOT / 'fcos_mm' / 'version.py').read_text(), names)
    return names['__version__']


def requirements(name: str) -> list:
    """The requirements listed in ``requirements/<name>.txt``."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line for line in lines if line and not line.startswith('#')]


class BuildWithConfigs(build_py):
    """``build_py`` that brings configs and tools along, and the import hooks of start-up.

    An editable install gets links, so that an edited config is used at once;
    a wheel gets copies.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            self._place(ROOT / 'fcos_mm' / '.mim', link=True)
            # What lies here is packed beside the link to the checkout.
            self._place_startup(Path(self.get_finalized_command('install').install_lib))
        else:
            self._place(Path(self.build_lib) / 'fcos_mm' / '.mim', link=False)
            self._place_startup(Path(self.build_lib))

    @staticmethod
    def _place_startup(site_packages: Path) -> None:
        site_packages.mkdir(parents=True, exist_ok=True)
        hooks = ROOT / 'fcos_mm' / 'compat' / 'import_hooks.py'
        shutil.copy(hooks, site_packages / f'{STARTUP}.py')
        (site_packages / f'{STARTUP}.pth').write_text(f'import {STARTUP}; {STARTUP}.install()\n')

    @staticmethod
    def _place(folder: Path, link: bool) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in SHIPPED:
            source, target = ROOT / name, folder / name
            if link:
                target.symlink_to(Path('..', '..', name), target_is_directory=source.is_dir())
            elif source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
            else:
                shutil.copy(source, target)


setup(
    name='fcos_mm',
    version=version(),
    description='FCOS: fully convolutional one-stage object detection, on OpenMMLab',
    long_description=(ROOT / 'README.md').read_text() if (ROOT / 'README.md').exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['fcos_mm', 'fcos_mm.*']),
    package_data={'': ['templates/*']},
    # As with OpenMMLab's own projects torch and the mm packages are for the
    # user to choose: `make install`, or requirements/mminstall.txt.
    install_requires=requirements('runtime'),
    entry_points={'console_scripts': ['fcos-mm = fcos_mm.cli.program:run']},
    extras_require={
        **{name: requirements(name) for name in ('tests', 'optional', 'pretrained')},
        'timm': ['timm'], 'supervision': ['supervision'], 'tensorboard': ['tensorboard'],
        'wandb': ['wandb'],
        'runtime': RUNTIME,
        'export': [*RUNTIME, 'onnx', 'onnxscript', 'openvino'],
        'int8': ['nncf'],
        'serve': [*RUNTIME, 'fastapi', 'python-multipart', 'uvicorn'],
        'ray': ['ray']},
    cmdclass={'build_py': BuildWithConfigs},
    zip_safe=False)
