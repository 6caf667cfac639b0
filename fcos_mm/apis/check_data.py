"""Checking data without training: what ``fcos-mm check-data`` does."""
import argparse
import contextlib
import os
import os.path as osp
import shlex
from collections.abc import Sequence

from mmengine.logging import MMLogger

from fcos_mm.apis.console import tidy_screen
from fcos_mm.config import load_config
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.data_report.build import advise, build_page
from fcos_mm.data_report.chapters.input_size import lines as advice_lines
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.data_report.text import count_levels, statistics_lines
from fcos_mm.data_report.user_data import UserData, data_of_config, data_of_folder
from fcos_mm.datasets.mending.mend import mend, mended_files, write_mended
from fcos_mm.datasets.problems.find import find_problems, in_order
from fcos_mm.datasets.problems.pictures import Picture, read_pictures
from fcos_mm.datasets.problems.problem import as_lines
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.errors import UserError


def run(args: argparse.Namespace) -> None:
    """Show what the data of a config or folder contains, and its problems; fix a copy if asked.

    Raises:
        UserError: If training would refuse them, or the mended copy.
    """
    tidy_screen(MMLogger.get_current_instance())
    data = _read(args)
    page = None if args.no_page else args.html or osp.join(
        'check_data', f'{_name(args.config)}.html')
    _require_apart(data, page, args.fix)
    pictures = read_pictures(data.splits, content=not args.fast)
    inputs = _examine(data, pictures, advised=not args.fast)
    _show(inputs)
    mended = _fix(data, pictures, args.fix) if args.fix else None
    if page:
        build_page(inputs, page, f'Data: {_name(args.config)}')
        print(f'Page: {page}')
    refusal = data_of_folder(mended).refusal if mended else data.refusal
    if refusal is not None:
        raise refusal
    print(f'You can train on the fixed copy: fcos-mm train --data {shlex.quote(mended)}'
          if mended else 'You can train on this data.')


def _examine(data: UserData, pictures: dict[str, Picture], advised: bool) -> DataInputs:
    """Find what is wrong and, if it is wanted and possible, which size of the input fits."""
    advice = None
    if advised and data.refusal is None:
        with contextlib.suppress(UserError):  # boxes that training would skip, too
            advice = advise(data.splits[0])
    problems = in_order([*find_problems(data.splits, pictures), *data.warnings])
    return DataInputs(data.splits, problems, data.layout, data.notes, str(data.refusal or ''),
                      advice)


def _show(inputs: DataInputs) -> None:
    """Print what there is and what is wrong."""
    print('\n'.join([inputs.layout, *inputs.notes, '', *statistics_lines(inputs), '']))
    if inputs.advice is not None:
        print('\n'.join([*advice_lines(inputs.advice.numbers), '']))
    for problem in inputs.problems:
        print('\n'.join([*as_lines(problem), '']))
    print(f'{count_levels(inputs.problems, bool(inputs.refusal))}.')


def is_data(name: str) -> bool:
    """Whether a name is that of data, not of a config.

    Raises:
        UserError: If it is neither.
    """
    shipped = shipped_configs()
    if name.endswith('.py') or '::' in name or name in shipped:
        return False
    if not os.path.exists(name):
        raise UserError(
            f'Not found: {name}.{did_you_mean(name, shipped)}\nGive your data (a folder, a COCO '
            'file or a data.yaml) or a config; `fcos-mm configs` lists the shipped ones.')
    return True


def _read(args: argparse.Namespace) -> UserData:
    if is_data(args.config):
        if args.cfg_options:
            raise UserError(f'--cfg-options is for a config, but {args.config} is data.')
        return data_of_folder(args.config, args.classes)
    if args.classes:
        raise UserError('--classes is for a folder; a config names its classes.')
    return data_of_config(load_config(args.config, args.cfg_options), args.config)


def _name(path: str) -> str:
    """What the page of a folder, a file or a config is called."""
    return osp.splitext(osp.basename(osp.abspath(path)))[0]


def _require_apart(data: UserData, page: str | None, fix: str | None) -> None:
    """Raise an error before anything is written if a result would overwrite data or another."""
    results = [page, f'{osp.splitext(page)[0]}.json'] if page else []
    results += mended_files(data.splits, fix) if fix else []
    taken = {osp.realpath(path) for path in data.files}
    for path in results:
        if osp.realpath(path) in taken:
            raise UserError(f'{path} would overwrite the data or another result.\n'
                            'Give a different --fix or --html.')
        taken.add(osp.realpath(path))


def _fix(data: UserData, pictures: dict[str, Picture], out: str) -> str:
    """Write mended annotation files and print what was changed, and what is left.

    Returns:
        What ``train --data`` takes: the file, or the folder of several.
    """
    mended, changes = mend(data.splits, pictures)
    paths = write_mended(mended, out)
    print('', *(changes or ['There was nothing to fix.']), sep='\n')
    _print_left(mended, pictures)
    print(f"Written: {', '.join(paths)}")
    return paths[0] if len(paths) == 1 else osp.dirname(paths[0]) or '.'


def _print_left(mended: Sequence[LabelledSplit], pictures: dict[str, Picture]) -> None:
    left = [problem for problem in find_problems(mended, pictures)
            if problem.about.level != 'note']
    if left:
        print('Left for you to fix:', *(as_lines(problem)[0] for problem in left), sep='\n  ')
