"""Pickles as a hostile author writes them: any call of any name with any values."""
import pickle
import struct

from hypothesis import strategies as st

NAMES = (
    'os system', 'posix system', 'nt system', 'os mkdir', 'subprocess Popen', 'builtins eval',
    'builtins exec', 'builtins getattr', '__builtin__ getattr', 'builtins bytes', 'builtins map',
    'builtins open', 'builtins list', 'operator methodcaller', 'functools partial', 'pathlib Path',
    'importlib import_module', 'codecs encode', '_codecs encode', 'copyreg _reconstructor',
    'collections OrderedDict', 'collections Counter', 'builtins set', 'builtins bytearray',
    'numpy dtype', 'numpy ndarray', 'numpy load', 'numpy._core.multiarray _reconstruct',
    'numpy.core.multiarray scalar', 'numpy._core.numeric _frombuffer', 'torch load',
    'torch.hub load', 'torch.storage _load_from_bytes', 'torch._utils _rebuild_tensor_v2',
    'torch._utils _rebuild_parameter', 'torch._tensor _rebuild_from_type_v2', 'torch Size',
    'torch FloatStorage', 'torch.storage UntypedStorage', 'torch Tensor', 'torch float32',
    'torch device', 'torch.nn.parameter Parameter', 'torch.nn.modules.linear Linear',
    'mmengine.logging.history_buffer HistoryBuffer', 'mmengine.config.config Config',
    'fcos_mm.checkpoints.saved_objects SavedArray', 'fcos_mm.apis.train run')
TEXTS = ('mkdir made', '__import__("os").mkdir("made")', 'made', 'f8', 'O8', 'V8', 'U5', 'cpu',
         'latin1', '__class__', '__globals__', '__array_interface__', '__defaults__', 'min',
         'system', 'storage', 'state_dict', 'weight', '_log_history', '<', '|', '\x00\x01')
_NUMBERS = (0, 1, 3, 8, -1, 255, 2**31 - 1)


def programs() -> st.SearchStrategy:
    """Pickles; most are well formed."""
    plain = (st.sampled_from(TEXTS).map(_text) | st.sampled_from(_NUMBERS).map(_number)
             | st.sampled_from(NAMES).map(_name) | st.sampled_from([b'N', b'\x88', b')', b']', b'}',
                                                                    b'\x8f'])
             | st.binary(max_size=16).map(_bytes) | st.sampled_from(range(4)).map(_recall))
    value = st.recursive(plain, _larger, max_leaves=12)
    call = st.tuples(st.sampled_from(NAMES[:14]).map(_name),
                     st.lists(st.sampled_from(TEXTS).map(_text), max_size=2)).map(
        lambda two: two[0] + b'(' + b''.join(two[1]) + b'tR')
    value = value | st.tuples(value, call).map(lambda two: b'(' + two[0] + two[1] + b't') | call
    body = st.tuples(value, st.none() | st.tuples(st.integers(0, 400), st.binary(max_size=3)))
    return body.map(_written)


def _larger(parts: st.SearchStrategy) -> st.SearchStrategy:
    values = st.lists(parts, max_size=5).map(lambda some: b'(' + b''.join(some) + b't')
    name = st.sampled_from(NAMES).map(_name)
    return (
        values
        | st.lists(st.tuples(parts, parts), max_size=3).map(
            lambda pairs: b'}(' + b''.join(key + value for key, value in pairs) + b'u')
        | st.tuples(name | parts, values).map(lambda two: two[0] + two[1] + b'R')
        | st.tuples(name | parts, values).map(lambda two: two[0] + two[1] + b'\x81')
        | st.tuples(parts, parts).map(lambda two: two[0] + two[1] + b'b')
        | st.tuples(parts, parts).map(lambda two: two[0] + two[1] + b'a')
        | st.tuples(parts, st.sampled_from(range(4))).map(
            lambda two: two[0] + b'q' + bytes([two[1]]))
        | parts.map(lambda part: part + b'Q'))


def _written(body: tuple) -> bytes:
    value, noise = body
    if noise is not None:
        place, more = noise
        value = value[:place] + more + value[place:]
    return b'\x80\x02' + value + pickle.STOP


def _name(name: str) -> bytes:
    module, attribute = name.split()
    return f'c{module}\n{attribute}\n'.encode()


def _text(text: str) -> bytes:
    return b'X' + struct.pack('<I', len(text)) + text.encode()


def _bytes(content: bytes) -> bytes:
    return b'U' + bytes([len(content)]) + content


def _number(number: int) -> bytes:
    return b'J' + struct.pack('<i', number)


def _recall(place: int) -> bytes:
    return b'h' + bytes([place])
