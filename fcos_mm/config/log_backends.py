"""``--log tensorboard,wandb``: curves of a training, beside the log file."""
from mmengine.config import Config, ConfigDict

from fcos_mm.compat.extras import import_extra
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError

#: By name, which is the module too: mmengine's type.
BACKENDS = {'tensorboard': 'TensorboardVisBackend', 'wandb': 'WandbVisBackend'}


def add_log_backends(cfg: Config, names: str) -> None:
    """Add backends to the config's visualizer, where they are not there yet.

    Args:
        cfg: The config, which is changed.
        names: Of :data:`BACKENDS`, with commas between them.

    Raises:
        UserError: If a name is unknown or its package is not installed.
    """
    for name in filter(None, map(str.strip, names.split(','))):
        if name not in BACKENDS:
            raise UserError(f'--log: there is no {name!r}.{did_you_mean(name, BACKENDS)}\n'
                            f'Choose from {", ".join(BACKENDS)}.')
        import_extra(name, f'--log {name}')
        visualizer = cfg.setdefault(
            'visualizer', ConfigDict(type='DetLocalVisualizer', name='visualizer'))
        backends = visualizer.get('vis_backends') or [ConfigDict(type='LocalVisBackend')]
        if BACKENDS[name] not in [backend['type'] for backend in backends]:
            visualizer.vis_backends = [*backends, ConfigDict(type=BACKENDS[name])]
