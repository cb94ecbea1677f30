"""The page of the policy's keys: what the reader asks for, and what docs/policy.md says of it."""

import re
import tempfile
from pathlib import Path

from app.domain import Priority
from app.routing.loading import SHIPPED, load_policy
from app.routing.playbooks import SHIPPED as PLAYBOOKS
from models.labels import INTENTS, LABELS
from tests.reference.markdown import block, code, paragraphs, table
from tests.reference.reading import watched

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
_HEAD = """\
# Policy

Every key that a policy file may have, and what it takes. [The policy](../policy.md) explains them
one after another, with an example of each; `inlet policy lint` looks a file over. `NAME` stands
for a name of your own, `[]` for each entry of a list.
"""
_MODEL = """\
## What the model can be asked

The names that `intents` and `signals` may use, of the heads and labels that Inlet ships. A model
that you trained has those of your data.
"""
_SHIPPED = """\
## The shipped policy

In force where `INLET_POLICY` names no file. Copy it, and change what you like.
"""
_TITLES = {"unsure": "unsure and otherwise"}
_LEFT_OUT = ("otherwise",)  # the same keys as unsure
_NOT_HERE = ("needed", "names from above", "conditions, below")  # which its own page goes on from


def page():
    """Write every key by its part of the file, the model's names, and the shipped policy."""
    keys = read_keys()
    parts = list(dict.fromkeys(path.split(".")[0].split("[")[0] for path in keys.required))
    texts = meanings(PAGE.read_text(encoding="utf-8"))
    return paragraphs(
        _HEAD,
        _parts(keys, parts),
        *(_part(keys, part, texts) for part in parts if part not in _LEFT_OUT),
        _MODEL,
        table(["key", "head", "labels"], _heads()),
        f"`priority` is one of {code(*Priority)}. `playbook` is one of your own or of those that "
        f"are shipped: {code(*PLAYBOOKS)}.",
        _SHIPPED,
        block(SHIPPED.read_text(encoding="utf-8"), "yaml"),
    )


def read_keys():
    """Read the policy of docs/policy.md, which has every key, and note what is asked for."""
    text = PAGE.read_text(encoding="utf-8")
    known = {head: LABELS[head] for head in LABELS if head != INTENTS}
    with tempfile.TemporaryDirectory() as folder, watched() as keys:
        file = Path(folder) / "policy.yaml"
        file.write_text("".join(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)), "utf-8")
        load_policy(file, known_intents=LABELS[INTENTS], known_signals=known)
    return keys


def meanings(text):
    """Gather what the tables of docs/policy.md say of each key, by heading."""
    found, heading = {}, ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif row := re.fullmatch(r"\| (.+?) \| (.+) \|", line):
            names, told = row.groups()
            keys, words = re.findall(r"`(\w+)`", names), told.split(" · ")
            words = words if len(words) == len(keys) else [told] * len(keys)
            found.setdefault(heading, {}).update(zip(keys, words, strict=True))
    return found


def _parts(keys, parts):
    rows = [
        [f"[`{part}`](#{_anchor(_title(part))})", "yes" if keys.required[part] else ""]
        for part in parts
    ]
    return table(["part of the file", "needed"], rows)


def _part(keys, part, texts):
    inner = [path for path in keys.required if path.startswith((f"{part}.", f"{part}["))]
    rows = [
        [_shown(path, part), _yes(keys, path), keys.told(path), _text(path, texts)]
        for path in inner
    ]
    return paragraphs(
        f"## {_title(part)}",
        _whole(keys, part),
        table(["key", "needed", "takes", "meaning"], rows) if rows else "",
    )


def _whole(keys, part):
    """Say what a part takes that has no keys of its own."""
    named = keys.takes.get(f"{part}.NAME")
    told = " or ".join(named or keys.takes.get(part, ()))
    each = "Each `NAME` takes" if named else "Takes"
    return f"{each} {told}." if told else ""


def _shown(path, part):
    return f"`{path.removeprefix(part).removeprefix('.')}`"


def _yes(keys, path):
    return "yes" if keys.required[path] else ""


def _text(path, texts):
    """What docs/policy.md says of a key: under its part, or in the part about conditions."""
    part, key = re.split(r"[.\[]", path, maxsplit=1)[0], path.rsplit(".", 1)[-1]
    if re.search(r"\.when\.((account|contact)\.)?\w+$", path):
        section = "when"
    elif path in (f"{part}.{key}", f"{part}[].{key}", f"{part}.NAME.{key}"):
        section = "rules" if part in _TITLES else part
    else:
        return ""
    told = texts.get(section, {}).get(key, "")
    return "" if told in _NOT_HERE else told


def _heads():
    return [
        ["`intents`" if head == INTENTS else "`signals`", f"`{head}`", code(*labels)]
        for head, labels in LABELS.items()
    ]


def _title(part):
    return _TITLES.get(part, part)


def _anchor(title):
    return "unsure-and-otherwise" if title == "otherwise" else title.replace(" ", "-")
