# Detection, and tests with --fast, with the network as a compiled graph. Needs a C++ compiler.
# Shapes vary from image to image, so the sizes stay symbols. Freezing makes constants of the weights,
# which are laid out for the convolutions once.
_fragment_ = True
default_hooks = dict(
    fast_inference=dict(
        options=dict(keep_memory=True, compile=dict(dynamic=True, options=dict(freezing=True)))))
