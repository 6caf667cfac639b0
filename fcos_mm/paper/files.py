"""Files of the runs that are never there by half."""
import hashlib
import json
import math
import os
from pathlib import Path

from fcos_mm.errors import UserError


def write_json(content: dict, path: Path) -> None:
    """Write a JSON file that is never there by half; what is no number becomes null.

    Args:
        content: What to write.
        path: The file.
    """
    write_text(json.dumps(_without_nan(content), indent=2, allow_nan=False), path)


def read_json(path: Path) -> dict | None:
    """Read a JSON file.

    Args:
        path: The file.

    Returns:
        Its content, None where there is no such file.

    Raises:
        UserError: If it holds something else.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
    except ValueError:  # neither JSON nor text
        content = None
    if not isinstance(content, dict):
        raise UserError(f'{path} is damaged.\nRemove it; the same command makes it again.')
    return content


def digest(path: str) -> str:
    """SHA-256 of a file.

    Args:
        path: The file.
    """
    found = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def write_text(text: str, path: Path) -> None:
    """Write a file that is never there by half.

    Args:
        text: Its content.
        path: The file.
    """
    partial = path.with_name(f'{path.name}.part')
    partial.write_text(text)
    os.replace(partial, path)


def _without_nan(value: object) -> object:
    """The same with None for nan and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
