# The fastest detection, and tests with --fast, on a CPU without a compiler: besides what is on by
# default, freed memory stays with the process.
_fragment_ = True
default_hooks = dict(fast_inference=dict(options=dict(keep_memory=True)))
