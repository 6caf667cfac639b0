"""What ``fcos-mm models`` does with single models."""
import sys
from collections.abc import Sequence
from pathlib import Path

from fcos_mm.apis.published.weights import published_checkpoint
from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.checkpoints.zoo.table import find_zoo_model
from fcos_mm.errors import UserError


def download_models(names: Sequence[str], trusted: bool) -> int:
    """Download and convert models, and print where they are.

    A model that fails does not keep the others from being downloaded.

    Args:
        names: Of the models.
        trusted: Whether the user trusts what is in the files.

    Returns:
        0, or 2 if one of several failed.

    Raises:
        UserError: If a name is unknown, or the only model fails.
    """
    trust_checkpoints(trusted)
    status = 0
    for model in [find_zoo_model(name) for name in names]:
        try:
            print(f'{model.name}  {published_checkpoint(model.name)}', flush=True)
        except UserError as error:
            if len(names) == 1:
                raise
            print(f'error: {error}', file=sys.stderr)
            status = 2
    return status


def config_text(name: str, trusted: bool) -> str:
    """The config of a model: as it was written beside its converted checkpoint, or the whole.

    Args:
        name: Of the model, which is downloaded if need be.
        trusted: Whether the user trusts what is in the file.

    Raises:
        UserError: If there is no such model, or it cannot be downloaded.
    """
    trust_checkpoints(trusted)
    found = find_model(find_zoo_model(name).name)
    short = Path(found.checkpoint).with_suffix('.py')
    return (short.read_text(encoding='utf-8') if short.exists() else found.cfg.text).strip()
