"""Save and restore the RNG states of all ranks."""
import random

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank


def random_states() -> list[dict]:
    """Gather the RNG states of all ranks, as tensors and plain data. All ranks have to call it."""
    version, words, gauss = random.getstate()
    name, numpy_words, *rest = np.random.get_state()
    return all_gather_object(dict(
        python=[version, torch.tensor(words), gauss],
        numpy=[name, torch.from_numpy(numpy_words.astype(np.int64)), *rest],
        torch=torch.get_rng_state(),
        cuda=torch.cuda.get_rng_state() if torch.cuda.is_available() else None))


def set_random_state(states: list[dict]) -> bool:
    """Restore the RNG state of this rank; False, and nothing changes, if it has none."""
    if get_rank() >= len(states):
        return False
    state = states[get_rank()]
    version, words, gauss = state['python']
    random.setstate((version, tuple(words.tolist()), gauss))
    name, words, *rest = state['numpy']
    np.random.set_state((name, words.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if state['cuda'] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())
    return True
