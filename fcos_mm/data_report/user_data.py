"""A user's data for ``fcos-mm check-data``, and what training would say to them."""
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmengine.config import Config

from fcos_mm.config.datasets import LOADERS
from fcos_mm.datasets.checks import check_config_data, coco_sources
from fcos_mm.datasets.labelled import splits_of_config, splits_of_source
from fcos_mm.datasets.problems.find import message_problem
from fcos_mm.datasets.problems.problem import Problem
from fcos_mm.datasets.sources import prepare_data, recognise
from fcos_mm.datasets.sources.prepare import PreparedData
from fcos_mm.datasets.sources.writer import fault_note
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.errors import UserError

#: Checks of training whose warnings are among the problems that are found anyway.
_FOUND_ANYWAY = {'skipped_boxes', 'repeated_boxes', 'repeated_files', 'image_sizes', 'box_form'}
_SUBJECT = re.compile(r'(\w+)_dataloader\.\S+ \(.*?\): ')  # key and file, of a message


@dataclass
class UserData:
    """What is to be checked.

    Attributes:
        splits: As they are, the training set first.
        layout: What was recognised, one line.
        files: Those that must not be changed.
        notes: What training makes of the data, each one line.
        warnings: Those of training that are not found otherwise.
        refusal: Why training would refuse the data; None if it would not.
    """

    splits: Sequence[LabelledSplit]
    layout: str
    files: Sequence[str]
    notes: Sequence[str] = ()
    warnings: list[Problem] = field(default_factory=list)
    refusal: UserError | None = None

    def ask_training(self, cfg: Config, modes: Sequence[str]) -> None:
        """Run the checks of training; note what they say.

        Raises:
            UserError: If they refuse the data.
        """
        for mode in modes:
            check_config_data(cfg, mode, warn=self._note)

    def _note(self, message: str) -> None:
        check = getattr(message, 'check', '')
        if check not in _FOUND_ANYWAY:
            found = _SUBJECT.match(message)
            split, text = (found[1], message[found.end():]) if found else ('all', message)
            kind = 'ignored_category' if check == 'classes' else 'training_check'
            self.warnings.append(message_problem(kind, split, text))


def data_of_folder(path: str, classes: Sequence[str] | None = None) -> UserData:
    """Read a folder or file, in any layout that ``train --data`` takes.

    Raises:
        UserError: If there are no data, or they cannot be read at all.
    """
    source = recognise(path)
    data = UserData(splits_of_source(source, classes), source.text, [*source.files()])
    with tempfile.TemporaryDirectory(prefix='fcos_mm_data_') as folder:
        try:
            prepared = prepare_data(path, folder, classes=classes)
            told = {fault_note(split.name, kind, cases) for split in data.splits
                    for kind, cases in split.faults.items()}
            data.notes = [note for note in prepared.notes if note not in told]
            data.ask_training(_config_of(prepared),
                              ('train', 'test') if 'test' in prepared.splits else ('train', ))
        except UserError as error:
            data.refusal = error
    return data


def data_of_config(cfg: Config, name: str) -> UserData:
    """Read the training and validation data of a config.

    Raises:
        UserError: If a file cannot be read at all.
    """
    sources = [source for loader in LOADERS['train'] for source in coco_sources(cfg, loader)
               if source.local]
    refusal = None
    data = UserData([], f'Config: {name}', [source.ann_file for source in sources])
    try:
        data.ask_training(cfg, ('train', ))
    except UserError as error:
        refusal = error
    try:
        data.splits = splits_of_config(sources)
    except UserError as error:
        raise refusal or error from None
    data.refusal = refusal
    return data


def _config_of(data: PreparedData) -> Config:
    """A config of nothing but prepared data."""
    return Config({'default_scope': 'fcos_mm', **{
        f'{name}_dataloader': dict(dataset=dict(
            type='CocoDataset', ann_file=split.ann_file, data_prefix=dict(img=split.images),
            metainfo=dict(classes=data.classes), test_mode=name != 'train'))
        for name, split in data.splits.items()}})
