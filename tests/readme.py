"""Write the parts of README.md that are measured or generated: `python -m tests.readme`.

Run it after the shipped model or the settings changed; a test compares README.md with it.
"""

import json
from pathlib import Path

from app.settings import settings_table
from models import registry
from models.text.compose import compose_text
from training.figures import figures
from training.public.results import read_results
from training.public.table import markdown_table

README = Path(__file__).parent.parent / "README.md"
BENCHMARKS = README.parent / "docs" / "benchmarks.json"  # python -m training.benchmark
EXAMPLE = {
    "subject": "rollout in spring",
    "text": "Could someone walk us through the product next week? We are 40 people and would "
    "also like to know what it costs per year.",
}
_URL = "http://127.0.0.1:8080/v1/classify"


def parts():
    """What stands between the marks of README.md, by the marks' names."""
    metrics = registry.SHIPPED / registry.DEFAULT / "metrics.json"
    return {
        "example": example(),
        "figures": figures(json.loads(metrics.read_text(encoding="utf-8"))),
        "benchmarks": markdown_table(read_results(BENCHMARKS)),
        "settings": settings_table(),
    }


def example():
    """A curl line and the shipped model's answer to it."""
    body = json.dumps(EXAMPLE)
    answer = json.dumps({"predictions": [answered().as_dict()]}, indent=1)
    return (
        f"```\ncurl -s {_URL} -H 'content-type: application/json' \\\n"
        f"  -H \"authorization: Bearer $INLET_API_KEY\" \\\n  -d '{body}'\n```\n"
        f"```json\n{answer}\n```"
    )


def answered():
    """What the shipped model says of the example."""
    classifier = registry.load(registry.SHIPPED, registry.DEFAULT)
    return classifier.predict([compose_text(EXAMPLE["subject"], EXAMPLE["text"])])[0]


def inside(text, name):
    """What stands between two marks."""
    begin, end = f"<!-- {name}: python -m tests.readme -->", f"<!-- end of {name} -->"
    return text.split(begin, 1)[1].split(end, 1)[0].strip()


def replaced(text, name, part):
    """The text with a fresh part between its marks."""
    begin, end = f"<!-- {name}: python -m tests.readme -->", f"<!-- end of {name} -->"
    before, rest = text.split(begin, 1)
    return f"{before}{begin}\n\n{part}\n\n{end}{rest.split(end, 1)[1]}"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    for name, part in parts().items():
        text = replaced(text, name, part)
    README.write_text(text, encoding="utf-8")
