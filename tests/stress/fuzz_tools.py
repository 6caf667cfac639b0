"""What the kinds of bad input have in common."""
import contextlib
import copy
import random
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from fcos_mm.errors import UserError

SECONDS = 20  # no case takes longer
NASTY = (None, True, False, -1, 0, 1, 2, 7, 10**30, -2**63, 1.5, 1e-9, 1e308, float('nan'),
         float('inf'), '', 'cup', 'x' * 300, '\ud800', '../a.png', [], {}, [[]], [1, 2, 3],
         [0, 0, 1e9, 1e9], {'id': 1}, [None] * 4)
_FORBIDDEN = ('os.', 'subprocess.', 'shutil.', 'socket.', 'ctypes.', 'pty.', 'urllib.')
_HARMLESS = ('os.listdir', 'os.scandir', 'os.putenv', 'os.unsetenv')
_listening = False
_heard: list[str] = []


def outcome(call: Callable[[], Any], *names: str) -> tuple[Any, str]:
    """Call, and look at the message if the input is refused.

    Args:
        call: Uses the input.
        names: The message must hold one of them.

    Returns:
        What it returned and ``'accepted'``, or None and ``'refused'``.
    """
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        return call(), 'accepted'
    except UserError as error:
        message = str(error)
        assert any(name in message for name in names), f'does not name {names}: {message}'
        assert 'Traceback' not in message
        return None, 'refused'
    finally:
        signal.alarm(0)


def _too_long(*_) -> None:
    raise AssertionError(f'took more than {SECONDS} seconds')


@contextlib.contextmanager
def no_code() -> Iterator[None]:
    """Fail where Python reports that something is run, opened for writing or connected."""
    global _listening
    if not _heard:
        sys.addaudithook(_listen)
        _heard.append('')
    del _heard[1:]
    _listening = True
    try:
        yield
    finally:
        _listening = False
    assert not _heard[1:], f'the file made Python do {_heard[1:]}'


def _listen(event: str, values: tuple) -> None:
    if not _listening:
        return
    runs_text = event == 'exec' and getattr(values[0], 'co_filename', '') == '<string>'
    writes = event == 'open' and isinstance(values[1], str) and values[1][:1] in 'wax'
    if runs_text or writes or event.startswith(_FORBIDDEN) and event not in _HARMLESS:
        _heard.append(event)


def damages() -> st.SearchStrategy:
    """Ways to damage bytes; see :func:`damage`."""
    kinds = st.sampled_from(['cut', 'flip', 'zero', 'insert', 'drop'])
    return st.tuples(kinds, st.floats(0, 1), st.integers(1, 255))


def damage(content: bytes, how: tuple[str, float, int]) -> bytes:
    """Damage bytes.

    Args:
        content: The bytes.
        how: What is done, where as a part of the whole, and a number.
    """
    kind, where, number = how
    place = min(int(where * len(content)), max(len(content) - 1, 0))
    before, after = content[:place], content[place:]
    if kind == 'cut':
        return before
    if kind == 'flip':
        return before + bytes(byte ^ number for byte in after[:1]) + after[1:]
    if kind == 'zero':
        return before + bytes(len(after[:number])) + after[number:]
    if kind == 'insert':
        return before + random.Random(number).randbytes(number) + after
    return before + after[number:]


def changes() -> st.SearchStrategy:
    """Ways to change a tree of dicts and lists; see :func:`change`."""
    return st.tuples(st.sampled_from(['set', 'delete', 'repeat', 'move']), st.integers(0, 10**6),
                     st.sampled_from(range(len(NASTY))))


def change(tree: Any, how: tuple[str, int, int], nasty: tuple = NASTY) -> Any:
    """Change one node of a tree, in place.

    Args:
        tree: Dicts and lists.
        how: What is done, to which node, and with which value.
        nasty: The values.
    """
    kind, index, value = how
    places = list(_places(tree))
    if not places:
        return tree
    parent, key = places[index % len(places)]
    if kind == 'delete':
        del parent[key]
    elif kind == 'repeat' and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    elif kind == 'move':
        other_parent, other_key = places[(index * 7 + value) % len(places)]
        parent[key] = copy.deepcopy(other_parent[other_key])
    else:
        parent[key] = copy.deepcopy(nasty[value % len(nasty)])
    return tree


def _places(tree: Any, depth: int = 0) -> Iterator[tuple]:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in list(keys):
        yield tree, key
        if depth < 6:
            yield from _places(tree[key], depth + 1)
