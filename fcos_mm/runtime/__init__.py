"""Exported detectors without torch: ``Detector('model.onnx')(image)``."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'detector': ['Detector'],
    'detections': ['Detection', 'Detections'],
    'images': ['ImageError', 'read_image'],
    'info': ['ModelInfo'],
    'sessions': ['open_session'],
})
