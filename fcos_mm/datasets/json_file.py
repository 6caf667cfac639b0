"""Read JSON files, naming the encoding of those that are not UTF-8."""
import json
import os.path as osp
import re

from fcos_mm.errors import UserError


def read_json(path: str, what: str, remedy: str) -> dict | list:
    """Read a JSON file.

    Raises:
        UserError: If there is no such file, it is not JSON or not UTF-8.
    """
    if not osp.isfile(path):
        raise UserError(f'{what} not found: {path}\nGive the path of a JSON file.')
    try:
        with open(path, encoding='utf-8-sig') as file:
            return json.load(file)
    except (ValueError, RecursionError) as error:
        encoding = _other_encoding(path)
        if encoding is not None:
            raise UserError(
                f'{what} is not UTF-8 but {encoding}: {path}\n'
                f'Convert it: iconv -f {encoding.split()[-1]} -t UTF-8 {path} > NEW.json') from None
        raise UserError(f'{what} is not JSON: {path} ({error})\n{remedy}') from None


def _other_encoding(path: str) -> str | None:
    """The likely encoding of a file that is not JSON in UTF-8; None if it is UTF-8 or no text."""
    with open(path, 'rb') as file:
        data = file.read()
    found = json.detect_encoding(data)
    if not found.startswith('utf-8'):
        return found.upper() if data.decode(found, 'ignore').lstrip()[:1] in ('{', '[') else None
    if data.lstrip()[:1] not in (b'{', b'['):
        return None
    try:
        data.decode('utf-8-sig')
        return None
    except UnicodeDecodeError:
        # Chinese comes in pairs of bytes, letters with accents mostly stand alone.
        pairs = all(len(run) % 2 == 0 for run in re.findall(rb'[\x80-\xff]+', data))
        return 'probably GB18030' if pairs else 'probably WINDOWS-1252'
