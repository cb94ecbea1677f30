"""What quoted threads and signatures cost: `python -m tests.benchmarks.threads`.

Takes the e-mails of the test part, puts a signature, a disclaimer and an older mail below each, as
mail programs do in seven languages, and asks the shipped model three times: about the message
alone, about the whole mail, and about what the splitter leaves of it.
"""

import json
import random
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from models import registry
from models.text.compose import compose_text
from models.text.reply import split_reply
from training.dataset import default_sources, read_dataset, split
from training.metrics import head_targets

WROTE = {
    "en": "On {day} Mar 2026, at 09:{minute}, {name} <{mail}> wrote:",
    "de": "Am {day}. März 2026 um 09:{minute} schrieb {name} <{mail}>:",
    "fr": "Le {day} mars 2026 à 09:{minute}, {name} <{mail}> a écrit :",
    "es": "El {day} mar 2026, a las 09:{minute}, {name} <{mail}> escribió:",
    "pt": "Em {day} de mar. de 2026, às 09:{minute}, {name} <{mail}> escreveu:",
    "nl": "Op {day} mrt. 2026 om 09:{minute} schreef {name} <{mail}>:",
    "sv": "Den {day} mars 2026 kl. 09:{minute} skrev {name} <{mail}>:",
}
OUTLOOK = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "es": ("De", "Enviado el", "Para", "Asunto"),
    "pt": ("De", "Enviada em", "Para", "Assunto"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp"),
    "sv": ("Från", "Skickat", "Till", "Ämne"),
}
NAMES = ("Robin Falk", "Kim Santoro", "Alex Morel", "Sascha Brandt", "Noa Lindqvist")
TITLES = ("Head of Operations", "IT-Leiter", "Responsable achats", "Inköpare", "Gerente")
FIRMS = ("Hollow Oak Ltd", "Steinbruch GmbH", "Atelier Vauban SARL", "Norrsken AB")
SMALL_PRINT = (
    "This e-mail and any attachments are confidential and intended solely for the addressee. If "
    "you are not the intended recipient, please notify the sender and delete it.",
    "Diese E-Mail kann vertrauliche Informationen enthalten. Wenn Sie nicht der richtige "
    "Adressat sind, informieren Sie bitte den Absender und löschen Sie diese Nachricht.",
    "",
)


@dataclass(frozen=True)
class Wrapped:
    """A message as it stands alone, and as a mail program would have sent it."""

    alone: str
    mail: str
    language: str


def wrapped(example, older, chance):
    """Write a signature, small print and an older message under a message."""
    name, firm = chance.choice(NAMES), chance.choice(FIRMS)
    signature = (
        f"-- \n{name}\n{chance.choice(TITLES)}, {firm}\n+49 30 5550{chance.randint(100, 199)}"
    )
    below = chance.choice((_quoted, _header_block))(older, example.language, chance)
    parts = (example.text, signature, chance.choice(SMALL_PRINT), below)
    mail = "\n\n".join(part for part in parts if part)
    return Wrapped(example.text, mail, example.language)


def _quoted(older, language, chance):
    wrote = WROTE[language].format(
        day=chance.randint(2, 28),
        minute=chance.randint(10, 59),
        name=chance.choice(NAMES),
        mail="robin@example.com",
    )
    return wrote + "\n" + "\n".join(f"> {line}" for line in older.text.splitlines())


def _header_block(older, language, chance):
    head = OUTLOOK[language]
    values = (
        f"{chance.choice(NAMES)} <kim@example.com>",
        f"{chance.randint(2, 28)}.03.2026 09:{chance.randint(10, 59)}",
        "team@example.org",
        older.subject or "Re:",
    )
    block = "\n".join(f"{key}: {value}" for key, value in zip(head, values, strict=True))
    return f"{'_' * 32}\n{block}\n\n{older.text}"


def measure(seed=7):
    """Give macro-F1 and the share of exact answers for each way of reading, by language group."""
    examples = [
        e for e in split(read_dataset(default_sources()).examples).test if e.channel == "email"
    ]
    chance = random.Random(seed)
    cases = [wrapped(example, chance.choice(examples), chance) for example in examples]
    classifier = registry.load(registry.SHIPPED, registry.live_version(registry.SHIPPED))
    head = classifier.manifest.intents
    targets = head_targets(head, examples)[1]
    ways = {
        "the message alone": [case.alone for case in cases],
        "the whole mail": [case.mail for case in cases],
        "what the splitter leaves": [split_reply(case.mail).newest for case in cases],
    }
    english = np.array([example.language == "en" for example in examples])
    found = {}
    for way, texts in ways.items():
        composed = [compose_text(e.subject, text) for e, text in zip(examples, texts, strict=True)]
        given = classifier.probabilities(classifier.logits(composed))[head.name]
        said = given >= 0.5
        nothing = ~said.any(axis=1)
        said[nothing, given[nothing].argmax(axis=1)] = True
        found[way] = {
            "macro_f1": macro_f1(targets, said),
            "english": macro_f1(targets[english], said[english]),
            "others": macro_f1(targets[~english], said[~english]),
            "exact": float((said == (targets > 0)).all(axis=1).mean()),
            "text_restored": float(
                np.mean(
                    [
                        text.split() == case.alone.split()
                        for text, case in zip(texts, cases, strict=True)
                    ]
                )
            ),
        }
    return {"mails": len(cases), "ways": found}


def macro_f1(targets, said):
    """Mean over the labels of the harmonic mean of precision and recall."""
    hits = (said & (targets > 0)).sum(axis=0)
    return float(np.mean(2 * hits / np.maximum(said.sum(axis=0) + targets.sum(axis=0), 1)))


def main(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Print what each way of reading gives."""
    found = measure()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("read", "macro-F1", "English", "others", "exact", "text restored")
    for way, figures in found["ways"].items():
        table.add_row(way, *(f"{value:.3f}" for value in figures.values()))
    Console().print(f"{found['mails']} e-mails of the test part", table)


if __name__ == "__main__":
    typer.run(main)
