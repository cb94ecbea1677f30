"""A trained network's float32 weights in a file: what an artifact leaves out."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from training.errors import TrainingError
from training.network import IntentNetwork


def save_weights(network: IntentNetwork, path: Path) -> None:
    """Write the weights as safetensors.

    Raises:
        TrainingError: The file cannot be written.
    """
    weights = {name: values.contiguous() for name, values in network.state_dict().items()}
    try:
        save_file(weights, path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path}: cannot be written ({type(error).__name__})") from error


def load_weights(network: IntentNetwork, path: Path) -> None:
    """Put saved weights into a network of the same base, vocabulary and heads.

    Raises:
        TrainingError: The file cannot be read, or is of another network.
    """
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path}: cannot be read ({type(error).__name__})") from error
    except RuntimeError as error:
        raise TrainingError(
            f"{path}: weights of another network; base, vocabulary and labels must be the same"
        ) from error
