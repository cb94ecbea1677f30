"""From labelled messages to a published artifact."""

import models as models  # first of all: it keeps onnxruntime from reporting home
