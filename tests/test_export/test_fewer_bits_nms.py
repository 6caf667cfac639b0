"""Files with NMS, of any size, in formats and precisions with fewer bits."""
import numpy as np
import pytest

from fcos_mm.export import openvino, precision
from fcos_mm.export.formats import FORMATS
from fcos_mm.export.verify import reference
from fcos_mm.runtime.sessions import open_session

from .fewer_bits import calibration, exported, info_of, inputs, write_known

DYNAMIC = (0, 0, 0)


@pytest.mark.parametrize('name, bits', [('onnx', 'fp16'), ('onnx', 'int8'),
                                        ('openvino', 'fp32'), ('openvino', 'int8')])
def test_detections_stay(name, bits, monkeypatch, tmp_path):
    for module in (precision, openvino):
        monkeypatch.setattr(module, 'write_onnx', write_known)
    network = exported('nms', DYNAMIC)[0]
    path = tmp_path / f'model{FORMATS[name].ending}'
    FORMATS[name].write(network, path, info=info_of('nms', bits, DYNAMIC),
                        calibration=calibration)
    session = open_session(path)
    for batch in (inputs(50), inputs(51, batch=2)):
        got, expected = session.run(batch), reference(network, batch)
        assert (np.abs(got['count'] - expected['count']) <= 3).all() and got['count'].min() > 3
        best = (got['labels'][:, 0] == expected['labels'][:, 0])
        limit = 1e-3 if bits == 'fp32' else 2.
        difference = np.abs(got['boxes'][:, 0] - expected['boxes'][:, 0])[best]
        assert bits != 'fp32' or best.all()
        assert (np.abs(got['scores'][:, 0] - expected['scores'][:, 0]) < 0.1).all()
        assert difference.max(initial=0) < limit
