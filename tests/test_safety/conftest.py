"""Files that try to run code: what they hold, and the ways in which it is wrapped."""
import builtins
import codecs
import functools
import io
import operator
import os
import pickle
import runpy
import subprocess
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch


class Call:
    """Pickles as a call of a function.

    Args:
        function: The function.
        *values: Its arguments.
    """

    def __init__(self, function, *values):
        self.function, self.values = function, values

    def __reduce__(self):
        return self.function, self.values


class Attribute:
    """Pickles as ``getattr(thing, name)``."""

    def __init__(self, thing, name):
        self.thing, self.name = thing, name

    def __reduce__(self):
        return getattr, (self.thing, self.name)


def _nested(content) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def _object_array(content) -> np.ndarray:
    array = np.empty(1, object)
    array[0] = content
    return array


def _in_attributes(content) -> OrderedDict:
    weights = OrderedDict()
    weights._metadata = content
    return weights


# Each makes the folder that it is given, when it is unpickled.
ATTACKS = {
    'os.mkdir': lambda path: Call(os.mkdir, path),
    'os.makedirs': lambda path: Call(os.makedirs, path, 0o777, True),
    'os.system': lambda path: Call(os.system, f'mkdir "{path}"'),
    'eval': lambda path: Call(builtins.eval, f'__import__("os").mkdir({path!r})'),
    'exec': lambda path: Call(builtins.exec, f'import os; os.mkdir({path!r})'),
    'subprocess': lambda path: Call(subprocess.check_call, ['mkdir', path]),
    'chain of getattr': lambda path: Call(
        list, Call(map, Attribute(Path(path), 'mkdir'), [0o777])),
    'methodcaller': lambda path: Call(operator.methodcaller('mkdir'), Path(path)),
    'partial': lambda path: Call(functools.partial(os.mkdir, path)),
    'map in a list': lambda path: Call(list, Call(map, os.mkdir, [path])),
    'runpy': lambda path: Call(runpy.run_path, _script(path)),
    'codecs': lambda path: Call(builtins.exec, Call(
        codecs.decode, codecs.encode(f'import os; os.mkdir({path!r})', 'rot13'), 'rot13')),
    'NumPy object array': lambda path: _object_array(Call(os.mkdir, path)),
    'numpy.load': lambda path: Call(np.load, _file(path, Call(os.mkdir, path)), None, True),
    'torch.load': lambda path: Call(
        functools.partial(torch.load, weights_only=False),
        _file(path, Call(os.mkdir, path), _nested)),
    'storage of a tensor': lambda path: Call(
        torch.storage._load_from_bytes, _nested(Call(os.mkdir, path))),
    'rebuilding a tensor': lambda path: Call(
        torch._tensor._rebuild_from_type_v2, os.mkdir, type(None), (path, ), {}),
    'attributes': lambda path: _in_attributes(Call(os.mkdir, path)),
}


def _script(path: str) -> str:
    Path(path + '.py').write_text(f'import os; os.mkdir({path!r})')
    return path + '.py'


def _file(path: str, content, dumps=pickle.dumps) -> str:
    Path(path + '.pickle').write_bytes(dumps(content))
    return path + '.pickle'


def _save_legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def _save_tar(content, path):
    with tarfile.open(path, 'w', format=tarfile.PAX_FORMAT) as archive:
        for name in ('storages', 'tensors', 'pickle'):
            data = pickle.dumps(content if name == 'pickle' else 0, 2)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def _save_zip_in_zip(content, path):
    """What model zoos of old offered: a zip file with one checkpoint."""
    inner = io.BytesIO()
    torch.save(content, inner)
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('inner.pth', inner.getvalue())


def _save_pickle(protocol):
    return lambda content, path: Path(path).write_bytes(pickle.dumps(content, protocol))


WRAPPINGS = {
    'zip': torch.save,
    'zip, protocol 4': lambda content, path: torch.save(content, path, pickle_protocol=4),
    'legacy': _save_legacy,
    'tar': _save_tar,
    'zip in a zip': _save_zip_in_zip,
    **{f'pickle {protocol}': _save_pickle(protocol) for protocol in (0, 2, 4)},
}


@pytest.fixture
def marker(tmp_path) -> Path:
    """The folder that is there if code of a file ran."""
    return tmp_path / 'made_by_the_file'


@pytest.fixture
def hostile_file(tmp_path, marker):
    """``hostile_file(attack, wrapping)`` writes such a file and returns its path.

    ``place`` puts the attack somewhere into what would be a fitting content.
    """
    def write(attack, wrapping='zip', place=lambda content: content, name='stranger.pth'):
        path = tmp_path / name
        WRAPPINGS[wrapping](place(ATTACKS[attack](str(marker))), path)
        return path
    return write
