"""FastAPI and a pipeline, as tutorials have it: python -m tests.benchmarks.plain_server.

One model in float32, one message a request; FastAPI runs the endpoint in its threads.
"""

import argparse
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

from tests.benchmarks.serve_network import read_network


class Text(BaseModel):
    text: str


def application(folder: Path) -> FastAPI:
    """Make the service for a folder that `serve_weights` wrote."""
    model, tokenizer = read_network(folder)
    classify = pipeline(
        "text-classification",
        model=model,
        tokenizer=tokenizer,
        top_k=None,
        function_to_apply="sigmoid",
    )
    app = FastAPI()

    @app.post("/classify")
    def answer(given: Text) -> dict[str, float]:
        (labels,) = classify([given.text], truncation=True)
        return {one["label"]: one["score"] for one in labels}

    return app


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    uvicorn.run(application(given.folder), host="127.0.0.1", port=given.port, access_log=False)


if __name__ == "__main__":
    main()
