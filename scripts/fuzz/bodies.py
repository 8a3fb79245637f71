"""Tells schemathesis how to send bodies that no schema describes: as the bytes that it made, whatever they are."""

import json
import os

import schemathesis


def raw(context, value):
    data = getattr(value, "data", value)
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    if not isinstance(data, (bytes, bytearray)):
        data = json.dumps(data).encode()
    return {"data": bytes(data)}


schemathesis.serializer(*os.environ["HANSE_MEDIA_TYPES"].split())(raw)
