"""Writes the few ONNX operators we need as protobuf bytes, and reads the constants of a stored model, so that
the `onnx` package is not needed to run a network.

Field numbers are those of onnx.proto3 (ONNX IR version 8, operator set 17):
github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Attribute = int | float | Sequence[int]
_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType
_FLOAT32, _INT64 = 1, 7  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 17


@dataclass
class Graph:
    """Collects nodes and constants; every method that adds a node returns its output's name."""

    inputs: Mapping[str, Sequence[int | str]]
    outputs: Mapping[str, Sequence[int | str]]
    _nodes: list[bytes] = field(default_factory=list)
    _constants: list[bytes] = field(default_factory=list)
    _count: int = 0

    def constant(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """A stored tensor."""
        name = self._name("c")
        kind = _INT64 if values.dtype == np.int64 else _FLOAT32
        raw = np.ascontiguousarray(values).astype("<i8" if kind == _INT64 else "<f4").tobytes()
        dims = b"".join(_int(1, size) for size in values.shape)
        self._constants.append(dims + _int(2, kind) + _bytes(8, name.encode()) + _bytes(9, raw))
        return name

    def node(
        self, operator: str, inputs: Sequence[str], output: str | None = None, **attributes: Attribute
    ) -> str:
        """One operator; `output` names a graph output."""
        name = output or self._name("t")
        self._nodes.append(
            b"".join(_bytes(1, entry.encode()) for entry in inputs)
            + _bytes(2, name.encode())
            + _bytes(4, operator.encode())
            + b"".join(_bytes(5, _attribute(key, value)) for key, value in attributes.items())
        )
        return name

    def to_bytes(self) -> bytes:
        """A serialised ModelProto."""
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _bytes(2, b"stillmatch")
        graph += b"".join(_bytes(5, constant) for constant in self._constants)
        graph += b"".join(_bytes(11, _value_info(name, shape)) for name, shape in self.inputs.items())
        graph += b"".join(_bytes(12, _value_info(name, shape)) for name, shape in self.outputs.items())
        return _int(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _int(2, _OPSET))

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"


def _attribute(name: str, value: Attribute) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, float):
        return head + b"\x15" + np.float32(value).tobytes() + _int(20, _FLOAT)
    if isinstance(value, int):
        return head + _int(3, value) + _int(20, _INT)
    return head + b"".join(_int(8, entry) for entry in value) + _int(20, _INTS)


def _value_info(name: str, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(
        _bytes(1, _bytes(2, size.encode()) if isinstance(size, str) else _int(1, size)) for size in shape
    )
    tensor = _int(1, _FLOAT32) + _bytes(2, dims)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def read_constants(model: bytes) -> dict[str, NDArray[np.float32]]:
    """The float tensors stored in a serialised ModelProto, by name; ValueError where it is not one."""
    [graph] = [bytes(value) for number, value in _fields(memoryview(model)) if number == 7]
    tensors = (value for number, value in _fields(memoryview(graph)) if number == 5)
    return dict(_tensor(value) for value in tensors if isinstance(value, memoryview))


def _tensor(message: memoryview) -> tuple[str, NDArray[np.float32]]:
    """A TensorProto of floats, packed (field 4) or raw (field 9)."""
    sizes, name, content = list[int](), "", b""
    for number, value in _fields(message):
        match number:
            case 1:
                sizes += [value] if isinstance(value, int) else _varints(value)
            case 4 | 9:
                content = bytes(value)
            case 8:
                name = bytes(value).decode()
    return name, np.frombuffer(content, "<f4").reshape(sizes).astype(np.float32)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of a protobuf message: varints as int, the rest as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint_at(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint_at(message, at)
            yield number, value
            continue
        size, at = _varint_at(message, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
        yield number, message[at : at + size]
        at += size


def _varints(message: memoryview) -> list[int]:
    at, found = 0, []
    while at < len(message):
        value, at = _varint_at(message, at)
        found.append(value)
    return found


def _varint_at(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
