"""What a trained intent model is; shared by training and serving."""

import os

# The wheels of onnxruntime report to their maker and write a device id, as soon as they are
# imported, unless told not to; but nothing leaves this machine that its operator did not ask for.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
