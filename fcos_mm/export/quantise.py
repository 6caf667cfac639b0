"""8-bit integers by NNCF, in the same way for ONNX and OpenVINO models."""
import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from fcos_mm.compat.extras import import_extra
from fcos_mm.export.calibration import CalibrationInputs
from fcos_mm.export.parts import Parts

_MOST_BATCHES = 300  # for calibration


def import_quantiser(runtime: str) -> ModuleType:
    """NNCF, and the runtime that it runs the model on.

    Raises:
        UserError: If one is missing.
    """
    import_extra(runtime, '--precision int8')
    with _quiet():
        return import_extra('nncf', '--precision int8')


def quantised(nncf: ModuleType, model: Any, parts: Parts, inputs: CalibrationInputs) -> Any:
    """A copy of a model whose layers compute with 8-bit integers.

    Weights have a scale for each output channel; the ranges of activations are means over the
    inputs, and biases are corrected. The last convolutions and what follows them stay float32,
    as does what computes where deformable convolutions read.

    Args:
        nncf: The module.
        model: ``onnx.ModelProto`` or ``openvino.Model``.
        parts: Of the model.
        inputs: To calibrate on.
    """
    scope = nncf.IgnoredScope(names=[*parts.predictors, *parts.after, *parts.sampling],
                              validate=False)
    with _quiet():
        return nncf.quantize(model, nncf.Dataset(inputs), preset=nncf.QuantizationPreset.MIXED,
                             subset_size=_MOST_BATCHES, ignored_scope=scope)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without NNCF's log, progress bars and warnings."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere),
              contextlib.redirect_stderr(nowhere), warnings.catch_warnings()):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(level)
