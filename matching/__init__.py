"""A face engine that can be lifted out and used alone: decode, find, measure, embed, search, evaluate.

Nothing heavy (TensorFlow, dlib, OpenCV, ONNX Runtime) is imported until an engine is loaded.
"""
