"""Files of results, and what is read beside them, that are wrong somewhere."""
import copy
import json
import math
from pathlib import Path

from fuzz_annotations import BOXES, DATA, IDS, renumbered
from fuzz_tools import change, changes, damage, damages, outcome
from hypothesis import strategies as st

from fcos_mm.analysis.result_file import check_result_file
from fcos_mm.evaluation.table_metrics import coco_numbers

RESULTS = [dict(image_id=image, category_id=category, bbox=box, score=0.5 + 0.1 * index)
           for index, image, category, box in BOXES]


def cases() -> st.SearchStrategy:
    """Changes of results and annotations, damages of the results' bytes, how ids are written."""
    return st.tuples(st.lists(changes(), max_size=2), st.lists(changes(), max_size=1),
                     st.none() | damages(), st.sampled_from(sorted(IDS)))


def check(case: tuple, folder: Path) -> str:
    """Refused by name, or evaluated to numbers.

    Args:
        case: Of :func:`cases`.
        folder: Where the files are written.
    """
    results = renumbered(dict(annotations=copy.deepcopy(RESULTS)), IDS[case[3]])['annotations']
    truth = renumbered(copy.deepcopy(DATA), IDS[case[3]])
    for one in case[0]:
        change(results, one)
    for one in case[1]:
        change(truth, one)
    content = json.dumps(results).encode()
    paths = [folder / 'results.bbox.json', folder / 'ann.json']
    paths[0].write_bytes(damage(content, case[2]) if case[2] else content)
    paths[1].write_text(json.dumps(truth))
    names = [str(path) for path in paths]
    outcome(lambda: check_result_file(*names).text(), *names)

    numbers, said = outcome(lambda: coco_numbers(names[1], names[0]), *names)
    if said == 'accepted':
        assert all(math.isnan(value) or 0 <= value <= 1 for value in numbers.values())
        for number, box in enumerate(truth.get('annotations', [])):
            box['id'] = -number  # the ids of annotations change nothing
        paths[1].write_text(json.dumps(truth))
        assert repr(coco_numbers(names[1], names[0], backend='pycocotools')) == repr(numbers)
    return said
