"""Config fragments: bases that are put on top of the other bases of a file.

mmengine refuses two bases that set the same name. A file with the line ``_fragment_ = True`` may:
once the others are merged, its dictionaries are merged into theirs and its lists appended.
"""
_MARK = '_fragment_'


def support_fragments(config) -> None:
    """Make ``Config.fromfile`` of the module ``mmengine.config.config`` merge fragments."""
    cls = config.Config
    read_file, merge = cls._file2dict, cls._merge_a_into_b
    if getattr(read_file, 'merges_fragments', False):  # by the hooks of an installation
        return
    depth = 0  # files that are being read

    def _file2dict(filename, *args, **kwargs):
        nonlocal depth
        depth += 1
        try:
            cfg, *rest = read_file(filename, *args, **kwargs)
        finally:
            depth -= 1
        if cfg.pop(_MARK, False) and depth:  # a name of its own, which no other base has
            cfg = {f'{_MARK}{filename}': cfg}
        return cfg, *rest

    def _merge_a_into_b(a, b, allow_list_keys=False):
        fragments = [name for name in b if str(name).startswith(_MARK)]
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
