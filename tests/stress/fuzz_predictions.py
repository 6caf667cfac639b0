"""Files of predictions that are damaged, changed, or programs of a hostile author."""
import copy
import pickle
from pathlib import Path

import numpy as np
import torch
from fuzz_pickles import programs
from fuzz_tools import NASTY, change, changes, damage, damages, no_code, outcome
from hypothesis import strategies as st

from fcos_mm.apis.draw_grid import read_predictions

VALUES = (*NASTY, torch.zeros(2, 4), torch.zeros(2), torch.zeros(2, dtype=torch.long),
          torch.zeros(2, 3, dtype=torch.complex64), np.ones(2), np.float32(1), np.array(['a']))
RESULTS = [dict(
    img_path=f'{index}.png', img_id=index, ori_shape=(40, 60), scale_factor=(np.float64(1), 1.0),
    pred_instances=dict(bboxes=torch.arange(8.).view(2, 4), scores=torch.tensor([0.9, 0.1]),
                        labels=torch.tensor([0, 1]))) for index in range(2)]


def cases() -> st.SearchStrategy:
    """Changed and damaged files in several protocols, or programs."""
    return programs() | st.tuples(st.integers(0, 4), st.lists(changes(), max_size=2),
                                  st.lists(damages(), max_size=2))


def check(case: tuple | bytes, folder: Path) -> str:
    """Refused by name, or predictions; those that were written if they are undamaged.

    Args:
        case: Of :func:`cases`.
        folder: Where the file is written.
    """
    path = folder / 'predictions.pkl'
    damaged, content = (), None
    if isinstance(case, bytes):
        path.write_bytes(case)
    else:
        protocol, how, damaged = case
        content = copy.deepcopy(RESULTS)
        for one in how:
            change(content, one, VALUES)
        data = pickle.dumps(content, protocol)
        for one in damaged:
            data = damage(data, one)
        path.write_bytes(data)
    with no_code():
        results, said = outcome(lambda: read_predictions(str(path)), str(path))
    if said == 'refused':
        return said
    for index, result in enumerate(results):
        found = result['pred_instances']
        assert len(found['bboxes']) == len(found['scores']) == len(found['labels'])
        if content is not None and not damaged:
            for name in ('bboxes', 'scores', 'labels'):
                assert torch.equal(found[name], content[index]['pred_instances'][name])
    return said
