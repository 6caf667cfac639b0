"""From a checkpoint of ours to one of another implementation.

What is written is converted to ours again, and the two configs are compared: a setting that the
other implementation does not have is found whatever it is.
"""
from mmengine.config import Config

from fcos_mm.apis.converting.convert import check_all_used
from fcos_mm.apis.converting.files import check_target, write_files
from fcos_mm.apis.recorded_config import read_recorded_config
from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.convert.config_file import compose, config_text
from fcos_mm.checkpoints.convert.contents import read_contents
from fcos_mm.checkpoints.convert.equivalence import differences
from fcos_mm.checkpoints.convert.recognise import SOURCES, find_source
from fcos_mm.checkpoints.convert.source import Source, Written
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

_SHOWN = 10


def convert_back(model: str, out: str, target: str, *, force: bool = False,
                 options: dict | None = None) -> list[str]:
    """Write a checkpoint of ours as one of another implementation.

    Args:
        model: A work dir or a checkpoint.
        out: The file to write, ``.pth``; a config gets the same name with ``.py``.
        target: Name of the implementation.
        force: Whether files that are there may be replaced.
        options: Settings to change before, by dotted keys.

    Returns:
        Lines for the screen.

    Raises:
        UserError: If the implementation does not have a component or a setting; names them.
    """
    source = find_source(target)
    if source.write is None:
        ways = [name for name in SOURCES if find_source(name).write is not None]
        raise UserError(f'--to {target}: there is no way back to {source.title}.\n'
                        f'Choose from {", ".join(ways)}.')
    checkpoint, config_file = check_target(out, model, force)
    found = find_model(model, options=options)
    contents = read_contents(found.checkpoint)
    config = found.cfg.to_dict()
    _check_fcos(found.cfg, found.checkpoint)
    check_all_used(found.checkpoint, contents.weights, found.cfg)
    written = source.write(contents.weights, config, contents.extra)
    notes = _compare(source, written, config)
    content = {**written.extra, 'state_dict': written.weights} if written.extra else (
        written.weights)
    write_files(checkpoint, content, config_file, written.config)
    files = f'{checkpoint}' + (f' and {config_file}' if written.config else '')
    return [found.note, *notes, f'Written for {source.title}: {files}']


def _check_fcos(cfg: Config, path: str) -> None:
    head = cfg.model.get('bbox_head') or {}
    if str(cfg.model.get('type')).rpartition('.')[2] != 'FCOS' or (
            str(head.get('type')).rpartition('.')[2] != 'FCOSHead'):
        raise UserError(f'{path} is {cfg.model.get("type")} with {head.get("type")}; only FCOS '
                        'with FCOSHead can be converted.')


def _compare(source: Source, written: Written, config: dict) -> list[str]:
    """Notes on what training computes differently there.

    Raises:
        UserError: If detection would; names the settings.
    """
    again = source.read(written.weights, written.extra, None)
    back = read_recorded_config(compose(config_text(again)).pretty_text, source.name, whole=True)
    found = differences(config, back.to_dict())
    if found.detection:
        lines = [f'  {key}={ours!r} (there: {theirs!r})'
                 for key, ours, theirs in found.detection[:_SHOWN]]
        raise UserError('\n'.join([
            f'{source.title} does not have these settings, so its detections would differ:',
            *lines, *(['  ...'] if len(found.detection) > _SHOWN else []),
            'If its value will do, take it: --cfg-options KEY=VALUE.']))
    keys = [key for key, _, _ in found.training]
    return [f'Training there computes differently: {first_few(keys, _SHOWN)}'] if keys else []
