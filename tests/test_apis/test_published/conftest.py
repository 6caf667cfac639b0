"""A published detector on a server of this machine, and a stand-in for its converter."""
import hashlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from fcos_mm.checkpoints.zoo import table
from fcos_mm.cli.installation import models
from tests.file_server import server  # noqa: F401

PREFIX = 'theirs.'


@pytest.fixture
def published(server, trained, tmp_path, monkeypatch):  # noqa: F811
    """``fcos_tiny_theirs_coco`` or ``fcos_tiny_coco``, in an empty cache and an empty folder."""
    ours = torch.load(trained.checkpoint, weights_only=False)
    file = tmp_path / 'theirs.pth'
    torch.save({PREFIX + name: value for name, value in ours['state_dict'].items()}, file)
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    path = f'/some/where/tiny-{checksum[:8]}.pth'
    server.content[path] = file.read_bytes()
    tiny = replace(
        table.zoo_models()[0], name='fcos_tiny_theirs_coco', aliases=('fcos_tiny_coco',),
        source='theirs', variant='small', address=server.address(path + '?download=true'))
    known = (tiny, *table.zoo_models())
    for module in (table, models):
        monkeypatch.setattr(module, 'zoo_models', lambda: known)
    cache = tmp_path / 'cache'
    monkeypatch.setenv('FCOS_MM_CACHE', str(cache))
    monkeypatch.delenv('FCOS_MM_OFFLINE', raising=False)
    calls = _stand_in(monkeypatch, ours['meta'])
    folder = tmp_path / 'here'
    folder.mkdir()
    monkeypatch.chdir(folder)
    return SimpleNamespace(model=tiny, cache=cache, server=server, calls=calls, sha256=checksum,
                           file=cache / 'downloads' / 'theirs' / f'tiny-{checksum[:8]}.pth')


def _stand_in(monkeypatch, meta):
    """A converter that renames; the list of its calls."""
    calls = []

    def convert_checkpoint(path, out, *, source=None, variant=None):
        calls.append((path, source, variant))
        weights = torch.load(path, weights_only=True)
        torch.save({'meta': meta, 'state_dict': {
            name.removeprefix(PREFIX): value for name, value in weights.items()}}, out)

    monkeypatch.setattr('fcos_mm.apis.converting.convert.convert_checkpoint', convert_checkpoint)
    return calls
