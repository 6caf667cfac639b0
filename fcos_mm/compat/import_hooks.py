"""Supply what OpenMMLab's packages lack when they are imported, in any order.

An installation also copies this file beside the package, as ``_fcos_mm_startup``, and runs
:func:`install` when Python starts: mmdet's own tools import mmdet before they read a config that
names fcos_mm. So the rest of the package is imported only when it is needed.
"""
from __future__ import annotations

import functools
import itertools
import sys
from importlib import import_module

EXTENSION = 'mmcv._ext'
SCOPE = 'fcos_mm'
_FRAGMENT = '_fragment_'

_numbers = itertools.count()


class OperatorFinder:
    """The last finder: it finds and fills ``mmcv._ext`` where mmcv has none of its own."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Find a module; see ``importlib.abc.MetaPathFinder``."""
        if name != EXTENSION:
            return None
        from importlib.machinery import ModuleSpec
        from importlib.util import find_spec
        if find_spec('fcos_mm') is None:  # its checkout has gone
            return None
        return ModuleSpec(name, cls, origin='fcos_mm.compat')

    @staticmethod
    def create_module(spec):
        """Leave it to the import system; see ``importlib.abc.Loader``."""

    @staticmethod
    def exec_module(module):
        """Fill the empty module; see ``importlib.abc.Loader``."""
        from fcos_mm.compat import extension
        extension.fill(module)


class ImportObserver:
    """The first finder: it calls a function, by module name, with a module after its import."""

    def __init__(self, actions: dict) -> None:
        self.actions = actions

    def find_spec(self, name, path=None, target=None):
        """Find a module by the later finders; see ``importlib.abc.MetaPathFinder``."""
        if name not in self.actions:
            return None
        later = sys.meta_path[sys.meta_path.index(self) + 1:]
        found = (finder.find_spec(name, path, target) for finder in later)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None:
            self._observe(spec.loader, self.actions[name])
        return spec

    @staticmethod
    def _observe(loader, action) -> None:
        execute = loader.exec_module

        def exec_module(module):
            vars(loader).pop('exec_module', None)
            execute(module)
            action(module)

        loader.exec_module = exec_module


def install(actions: dict | None = None) -> None:
    """Supply ``mmcv._ext``, and change modules, by full name, that are imported or will be."""
    if OperatorFinder in sys.meta_path:  # a .pth file can be read twice
        return
    actions = {'mmengine.config.utils': name_shipped_configs,
               'mmengine.config.config': extend_configs,
               'mmengine.infer.infer': keep_scope_of_config, **(actions or {})}
    sys.meta_path.append(OperatorFinder)
    sys.meta_path.insert(0, ImportObserver(actions))
    for name, action in actions.items():
        if name in sys.modules:
            action(sys.modules[name])


def name_shipped_configs(utils) -> None:
    """Make ``_base_ = 'fcos_mm::fcos/...'`` work; changes ``mmengine.config.utils``.

    For an editable install mmengine's original line answers with the folder of the metadata, where
    no configs are. A module inside the package is no name of a distribution, so both lines ask the
    import system, which knows the right place.
    """
    utils.MODULE2PACKAGE[SCOPE] = 'fcos_mm.version'


def extend_configs(config) -> None:
    """Let the configs of ``mmengine.config.config`` have fragments, settings and a kept text."""
    support_config_fragments(config)
    support_settings(config)
    keep_pretty_text(config)


def support_config_fragments(config) -> None:
    """Let the files of ``_base_/speed`` and ``_base_/scale`` be named in ``_base_``.

    mmengine refuses two bases that set the same name. A file with the line ``_fragment_ = True``
    may set what the others set: once they are merged, its dictionaries are merged into theirs and
    its lists appended to theirs. The file that names the fragment comes last, as ever. Changes
    ``Config`` of ``mmengine.config.config``.
    """
    cls = config.Config
    read_file, merge = cls._file2dict, cls._merge_a_into_b
    if getattr(read_file, 'merges_fragments', False):
        return
    depth = 0  # files that are being read

    def _file2dict(filename, *args, **kwargs):
        nonlocal depth
        depth += 1
        try:
            cfg, *rest = read_file(filename, *args, **kwargs)
        finally:
            depth -= 1
        if cfg.pop(_FRAGMENT, False) and depth:  # a name of its own, which no other base has
            cfg = {f'{_FRAGMENT}{filename}': cfg}
        return cfg, *rest

    def _merge_a_into_b(a, b, allow_list_keys=False):
        fragments = [name for name in b if str(name).startswith(_FRAGMENT)]
        if fragments:
            b = b.copy()
            for name in fragments:
                fragment = b.pop(name)
                b = merge(_with_lists(fragment, b), b)
        return merge(a, b, allow_list_keys)

    _file2dict.merges_fragments = True
    cls._file2dict, cls._merge_a_into_b = staticmethod(_file2dict), staticmethod(_merge_a_into_b)


def _with_lists(fragment: dict, base: dict) -> dict:
    """The fragment, each of its lists behind the list that the base has there."""
    for name, value in fragment.items():
        below = base.get(name)
        if isinstance(value, dict) and isinstance(below, dict) and '_delete_' not in value:
            _with_lists(value, below)
        elif isinstance(value, list) and isinstance(below, list):
            fragment[name] = [*below, *value]
    return fragment


def support_settings(config) -> None:
    """Let settings such as ``epochs = 30`` take effect in configs of our scope that inherit.

    They are applied to each file with what it inherits, before a child is merged into it.
    Configs of other scopes are left alone; where they are concerned, too, the package is
    imported already. Changes ``Config`` of ``mmengine.config.config``.
    """
    cls, settings = config.Config, f'{SCOPE}.config.settings'
    if getattr(cls._file2dict, 'applies_settings', False):
        return

    def applying(read):
        @functools.wraps(read)
        def read_file(filename, *args, **kwargs):
            cfg, *rest = read(filename, *args, **kwargs)
            if cfg.get('default_scope') == SCOPE or settings in sys.modules:
                import_module(settings).apply_file(cfg, filename)
            return cfg, *rest

        read_file.applies_settings = True
        return staticmethod(read_file)

    cls._file2dict = applying(cls._file2dict)
    cls._parse_lazy_import = applying(cls._parse_lazy_import)


def keep_pretty_text(config) -> None:
    """Format the text of a config once, as long as its content stays the same.

    mmengine formats it four times at the start of a run and again for every checkpoint, each
    time for up to half a second. Changes ``Config`` of ``mmengine.config.config``.
    """
    cls = config.Config
    format_text, kept = cls.pretty_text.fget, {}
    if getattr(format_text, 'keeps_text', False):
        return

    def pretty_text(self):
        content = repr(self.to_dict()), getattr(self, '_format_python_code', None)
        if content not in kept:
            text = format_text(self)
            kept.clear()
            kept[content] = text
        return kept[content]

    pretty_text.keeps_text = True
    cls.pretty_text = property(pretty_text, doc=cls.pretty_text.__doc__)


def keep_scope_of_config(infer) -> None:
    """Let the inferencers of ``mmengine.infer.infer`` build a config of our scope in that scope.

    ``DetInferencer`` builds in the scope ``mmdet`` by default: there the plain name ``FCOSHead`` is
    mmdet's, whatever the config's ``default_scope`` is. Inferencers also take ``fcos_mm::<path>``
    from now on.
    """
    base = infer.BaseInferencer
    init_model, load_model = base._init_model, base._load_model_from_metafile
    if getattr(init_model, 'keeps_scope', False):
        return

    def _init_model(self, cfg, weights, device='cpu'):
        if not cfg:
            cfg.update(_recorded_config(infer, weights))
        if cfg.get('default_scope') == SCOPE:
            from mmengine.registry import DefaultScope
            DefaultScope.get_instance(f'{SCOPE} {next(_numbers)}', scope_name=SCOPE)
            self.scope = SCOPE
        return init_model(self, cfg, weights, device)

    def _load_model_from_metafile(self, model):
        if not model.startswith(f'{SCOPE}::'):
            return load_model(self, model)
        import fcos_mm
        return infer.Config.fromfile(fcos_mm.config.find_config(model)), None

    _init_model.keeps_scope = True
    base._init_model, base._load_model_from_metafile = _init_model, _load_model_from_metafile


def _recorded_config(infer, weights: str) -> dict:
    """The config in a checkpoint, where mmengine's inferencer looks for it; else empty."""
    checkpoint = infer._load_checkpoint(weights, map_location='cpu')
    runtime_info = checkpoint.get('message_hub', {}).get('runtime_info', {})
    text = runtime_info.get('cfg', checkpoint.get('meta', {}).get('cfg'))
    return {} if text is None else infer.Config.fromstring(text, file_format='.py')._cfg_dict
