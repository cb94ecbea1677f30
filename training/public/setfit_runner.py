"""Train SetFit and answer: run by `training.public.setfit` with the interpreter that has setfit.

    python setfit_runner.py FOLDER

FOLDER holds `model/` (a sentence-transformers folder) and `job.json`; `said.json` is written.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # all that is needed stands in the folder

from datasets import Dataset
from setfit import (  # type: ignore[import-not-found]  # only in an environment of its own
    SetFitModel,
    Trainer,
    TrainingArguments,
)


def main(folder: Path) -> None:
    """Train as SetFit does by default, and write probabilities of shape (texts, labels)."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    texts, labels = zip(*job["train"], strict=True)
    model = SetFitModel.from_pretrained(str(folder / "model"), labels=list(range(job["labels"])))
    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        batch_size=(16, 2),
        num_epochs=(1, 16),
        num_iterations=20,  # pairs of either sort a message, as in the paper
        seed=job["seed"],
        save_strategy="no",
        report_to="none",
    )
    rows = Dataset.from_dict({"text": list(texts), "label": list(labels)})
    Trainer(model=model, args=arguments, train_dataset=rows).train()
    likely = model.predict_proba(job["ask"], batch_size=64, as_numpy=True)
    (folder / "said.json").write_text(json.dumps(likely.tolist()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
