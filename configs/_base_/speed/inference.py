# Detection, and tests with --fast: freed memory stays with the process. This is the default; the
# fragment remains for configs that name it.
_fragment_ = True
default_hooks = dict(fast_inference=dict(options=dict(keep_memory=True)))
