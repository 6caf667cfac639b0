"""Exported files that put out given numbers, made without torch."""
import dataclasses

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fcos_mm.runtime.info import KEY, ModelInfo, Postprocessing, Preprocessing

CLASSES = ('cup', 'jar')
SHAPES = dict(images=['B', 3, 'H', 'W'], sizes=['B', 2])


@pytest.fixture(scope='session')
def make_info():
    """``make_info(mode='nms', nms_pre=7)``: metadata, of which any field may be given."""
    def make(**given):
        def fields(cls, **usual):
            names = [field.name for field in dataclasses.fields(cls)]
            return cls(**{**usual, **{name: given[name] for name in names if name in given}})

        return fields(
            ModelInfo, version='1', mode='decoded', precision='fp32', classes=CLASSES,
            category_ids=(7, 3), thresholds=(0.5, 0.25), threshold_note='0.25 to 0.50 by class',
            shape=(0, 0, 0),
            preprocessing=fields(
                Preprocessing, scale=(64, 48), keep_ratio=True, channels='rgb',
                mean=(1., 2., 3.), std=(4., 5., 6.), pad_divisor=16, pad_value=0.5),
            postprocessing=fields(
                Postprocessing, score_thr=0.05, nms_pre=1000, iou_threshold=0.5, max_per_img=100,
                clip='before_nms', min_bbox_size=-1., extra=0, strides=(32, )))

    return make


@pytest.fixture(scope='session')
def write_onnx():
    """``write_onnx(path, info, boxes=..., scores=...)``: a file that puts out these arrays."""
    def write(path, info, metadata=True, **outputs):
        inputs = ['images', 'sizes'] if info.mode == 'nms' else ['images']
        nodes, tensors, results = [], [], []
        for name, array in outputs.items():
            array = np.asarray(array)
            tensors.append(numpy_helper.from_array(array, f'{name}_value'))
            nodes.append(helper.make_node('Identity', [f'{name}_value'], [name]))
            results.append(helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
        graph = helper.make_graph(
            nodes, 'constant', [helper.make_tensor_value_info(name, TensorProto.FLOAT,
                                                              SHAPES[name]) for name in inputs],
            results, tensors)
        save(helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid('', 17)]),
             path, info if metadata else None)
        return path

    return write


@pytest.fixture(scope='session')
def write_mean():
    """``write_mean(path, info)``: a file of mode nms with one box whose score is the mean."""
    def write(path, info):
        # Each image's score is the mean of its input, so that answers can be told apart.
        one = numpy_helper.from_array(np.array([[[0, 0, 32, 32]]], np.float32), 'box')
        nodes = [
            helper.make_node('ReduceMean', ['images', 'axes'], ['flat'], keepdims=0),
            helper.make_node('Unsqueeze', ['flat', 'last'], ['scores']),
            helper.make_node('Shape', ['scores'], ['shape']),
            helper.make_node('Concat', ['shape', 'four'], ['wide'], axis=0),
            helper.make_node('Expand', ['box', 'wide'], ['boxes']),
            helper.make_node('ConstantOfShape', ['shape'], ['labels'],
                             value=numpy_helper.from_array(np.array([1], np.int64))),
            helper.make_node('Shape', ['images'], ['batch'], end=1),
            helper.make_node('ConstantOfShape', ['batch'], ['count'],
                             value=numpy_helper.from_array(np.array([1], np.int64)))]
        batch, height, width = (given or name for given, name in zip(info.shape, 'BHW'))
        graph = helper.make_graph(
            nodes, 'mean', [
                helper.make_tensor_value_info('images', TensorProto.FLOAT,
                                              [batch, 3, height, width]),
                helper.make_tensor_value_info('sizes', TensorProto.FLOAT, [batch, 2])],
            [helper.make_tensor_value_info('boxes', TensorProto.FLOAT, ['B', 1, 4]),
             helper.make_tensor_value_info('scores', TensorProto.FLOAT, ['B', 1]),
             helper.make_tensor_value_info('labels', TensorProto.INT64, ['B', 1]),
             helper.make_tensor_value_info('count', TensorProto.INT64, ['B'])],
            [one, numpy_helper.from_array(np.array([1, 2, 3]), 'axes'),
             numpy_helper.from_array(np.array([1]), 'last'),
             numpy_helper.from_array(np.array([4]), 'four')])
        save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid('', 18)]),
             path, info)
        return path

    return write


def save(model, path, info):
    if info is not None:
        helper.set_model_props(model, {KEY: info.to_json()})
    onnx.checker.check_model(model)
    onnx.save(model, path)
