"""The splits of a user's data or of a config, as their annotation files have them."""
from collections.abc import Iterable, Sequence

from fcos_mm.datasets.checks.annotations import CocoSource
from fcos_mm.datasets.coco_format import DATASET, coco_faults, load_coco
from fcos_mm.datasets.file_names import Folders
from fcos_mm.datasets.sources.coco import complete_images
from fcos_mm.datasets.sources.prepare import choose_classes, class_names
from fcos_mm.datasets.sources.source import Source
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.faults import SeveralFaults


def splits_of_source(source: Source, classes: Sequence[str] | None = None) -> list[LabelledSplit]:
    """Read the splits of a recognised dataset; nothing is divided or left out.

    Raises:
        UserError: If an annotation file cannot be read at all, or has no such class.
    """
    contents = {split: source.as_written(split) for split in source.splits}
    for content in contents.values():
        _require_categories(content.data, content.ann_file)
    names = choose_classes(class_names(contents), classes)
    return [LabelledSplit(split, content.data, content.images, names,
                          content.ann_file or content.images, content.faults)
            for split, content in contents.items()]


def splits_of_config(sources: Iterable[CocoSource]) -> list[LabelledSplit]:
    """Read the local COCO files of a config.

    Raises:
        UserError: If one cannot be read at all.
    """
    splits, folders = [], Folders()
    for source in sources:
        data = load_coco(source.ann_file, annotated=not source.test_mode)
        _require_categories(data, source.ann_file)
        faults = complete_images(data, source.image_folder, folders)
        name = source.key.replace('_dataloader.dataset', '')
        splits.append(LabelledSplit(name, data, source.image_folder, source.classes,
                                    source.ann_file, faults))
    return splits


def _require_categories(data: dict, path: str) -> None:
    """Raise an error where categories are broken: nothing can be said about classes."""
    needs = dict(categories=DATASET['categories'])
    messages = [message for _, message in coco_faults(data, path, needs)]
    if messages:
        raise SeveralFaults('the data', messages)
