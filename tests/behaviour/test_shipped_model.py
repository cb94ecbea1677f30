"""The model in the repository: its figures are true, and it can do the least one may ask of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from support_data import dataset, splits

from models import registry
from models.artifact import NETWORK, verify
from models.labels import INTENTS, LABELS
from models.registry import DEFAULT, SHIPPED
from models.text.compose import compose_text
from training.assess import evaluated
from training.dataset import data_sha256

DATA = Path(__file__).parents[2] / "data"
ROUNDING = 0.005  # processors round differently: a few of some hundred messages may tip over
MAX_BYTES = 48_000_000

SENTENCES = {
    "demo_request": [
        "Could you show us the product in a short demo next week?",
        "We would like to book a live walkthrough for our sales team.",
        "Can we get a trial account to see the platform for ourselves?",
        "Is someone free on Thursday to demo the reporting module to us?",
        "Könnten Sie uns die Software nächste Woche in einer Demo zeigen?",
        "Wir würden Ihr Produkt gern testen, gibt es einen Probezugang?",
        "Pourriez-vous nous faire une démonstration de votre logiciel ?",
        "¿Podrían hacernos una demostración del producto la próxima semana?",
        "Gostaríamos de marcar uma demonstração da plataforma.",
        "Kunnen jullie ons volgende week een demo van het product geven?",
        "Kan ni visa oss produkten i en demo nästa vecka?",
        "please schedule a demo for my team of twelve",
    ],
    "pricing": [
        "How much does it cost per user per month?",
        "Please send us a quote for 80 seats, billed yearly.",
        "What does the enterprise plan cost, and is there a volume discount?",
        "Do you give a discount to non-profits? What would 15 licences cost?",
        "Was kostet die Lizenz für 40 Nutzer im Jahr?",
        "Bitte schicken Sie uns ein Angebot mit Preisen für 25 Plätze.",
        "Quel est le tarif pour cinquante utilisateurs ?",
        "¿Cuánto cuesta la licencia para treinta usuarios?",
        "Qual é o preço por utilizador e por mês?",
        "Wat kost een licentie voor twintig gebruikers?",
        "Vad kostar det per användare och månad?",
        "whats the price for 10 people",
    ],
    "support": [
        "I cannot log in, the page says error 500 since this morning.",
        "The export to Excel crashes every time. Please fix it.",
        "How do I reset the password of a user in my account?",
        "Our invoice of May shows the wrong VAT number, please correct it.",
        "Ich kann mich nicht anmelden, es erscheint ein Serverfehler.",
        "Der Import bricht seit dem Update mit einer Fehlermeldung ab.",
        "Je n'arrive plus à me connecter, un message d'erreur s'affiche.",
        "No puedo iniciar sesión, aparece un error del servidor.",
        "A sincronização deixou de funcionar desde ontem, podem ajudar?",
        "Ik kan niet inloggen, ik krijg steeds een foutmelding.",
        "Jag kan inte logga in, det står serverfel hela tiden.",
        "sync is broken again, help",
    ],
    "churn_risk": [
        "We want to cancel our subscription at the end of the month.",
        "We have decided not to renew our contract and will move to a competitor.",
        "After the third outage we have lost trust and are leaving you.",
        "Please terminate our account, we are switching to another vendor.",
        "Hiermit kündigen wir unseren Vertrag zum Jahresende.",
        "Wir werden den Vertrag nicht verlängern und wechseln den Anbieter.",
        "Nous souhaitons résilier notre abonnement à la fin du mois.",
        "Queremos cancelar nuestra suscripción y cambiar de proveedor.",
        "Queremos cancelar a nossa assinatura no final do mês.",
        "Wij willen ons abonnement opzeggen en stappen over naar een concurrent.",
        "Vi vill säga upp vårt abonnemang och byter till en konkurrent.",
        "cancel our subscription, we are done with you",
    ],
    "other": [
        "Happy holidays to your whole team!",
        "Please find attached my application for the position of accountant.",
        "I am out of the office until Monday and will answer when I am back.",
        "We offer SEO services that bring your website to the first page of Google.",
        "Vielen Dank und schöne Feiertage an das ganze Team!",
        "Anbei meine Bewerbung als Buchhalterin.",
        "Merci beaucoup et bonnes fêtes à toute l'équipe !",
        "Adjunto mi currículum para el puesto de contable.",
        "Estou fora do escritório até segunda-feira.",
        "Ik ben tot maandag niet op kantoor.",
        "Tack för hjälpen och trevlig helg!",
        "you won a prize, click here to claim it",
    ],
}


EVERY = [text for texts in SENTENCES.values() for text in texts]


@pytest.fixture(scope="module")
def classifier():
    return registry.load(SHIPPED, DEFAULT)


# Its figures


def test_every_file_is_the_one_that_was_published():
    manifest = verify(SHIPPED / DEFAULT)

    assert {head.name: head.labels for head in manifest.heads} == LABELS
    assert manifest.facts["finished"] is True


def test_it_is_small_enough_for_the_repository():
    assert (SHIPPED / DEFAULT / NETWORK).stat().st_size < MAX_BYTES


def test_it_was_trained_on_the_data_as_they_are_in_the_repository(classifier):
    assert classifier.manifest.facts["data"]["sha256"] == data_sha256(dataset().examples)


def told():
    return json.loads((SHIPPED / DEFAULT / "metrics.json").read_text(encoding="utf-8"))


def figures(metrics):
    """What is compared: by head, how many rows, and its scores."""
    names = ("macro_f1", "exact_match", "accuracy", "micro_f1")
    heads = metrics["heads"]
    return {
        f"{head}.{name}": heads[head][name]
        for head in heads
        for name in names
        if name in heads[head]
    }


@pytest.fixture(scope="module")
def measured(classifier):
    return evaluated(classifier, splits().test)[0].as_dict()


def test_its_published_figures_can_be_measured_again(measured):
    published = told()

    assert measured["rows"] == published["rows"]
    assert {head: m["rows"] for head, m in measured["heads"].items()} == {
        head: m["rows"] for head, m in published["heads"].items()
    }
    assert figures(measured) == pytest.approx(figures(published), abs=ROUNDING)


def test_quantising_lost_next_to_nothing(measured):
    full = told()["float32"]["heads"][INTENTS]["macro_f1"]

    assert measured["heads"][INTENTS]["macro_f1"] == pytest.approx(full, abs=2 * ROUNDING)


def test_it_beats_the_baseline_in_every_part_of_the_data(measured):
    baseline = told()["baseline"]

    for name in ("overall", "english", "other languages", "block=hard", "block=plain"):
        ours, theirs = (
            m["slices"][name]["heads"][INTENTS]["macro_f1"] for m in (measured, baseline)
        )
        assert ours > theirs, name


# The least one may ask


def test_plain_sentences_are_understood_but_rarely_not(classifier):
    expected = [intent for intent, texts in SENTENCES.items() for _ in texts]

    understood = [
        prediction.primary == intent and intent in prediction.labels
        for prediction, intent in zip(classifier.predict(EVERY), expected, strict=True)
    ]

    assert np.mean(understood) >= 0.94


def test_two_wishes_in_one_message_are_both_heard(classifier):
    texts = [
        "What would 200 seats cost, and can we see the single sign-on live in a demo?",
        "Third outage this month: fix it today, we are already looking at a competitor.",
        "Was kosten 50 Plätze, und könnten Sie uns das Produkt in einer Demo zeigen?",
    ]

    labels = [set(prediction.labels) for prediction in classifier.predict(texts)]

    both = {"demo_request", "pricing"}
    wanted = [both, {"support", "churn_risk"}, both]
    heard = [pair <= found for pair, found in zip(wanted, labels, strict=True)]
    assert sum(heard) >= 2  # the second is heard as churn_risk alone: training/LOG.md


def test_an_urgent_and_an_idle_message_are_told_apart(classifier):
    urgent, idle = classifier.predict(
        [
            "URGENT: production is down for all users, we need a fix within the hour!",
            "No rush at all: some time next year we may want to know your prices.",
        ]
    )

    assert (urgent.signals["urgency"].label, idle.signals["urgency"].label) == ("high", "low")
    # Bad news told as a fact is neutral: rule 10 of data/GUIDELINES.md.
    assert urgent.signals["sentiment"].label != "positive"


# Invariances

TRANSPORT = {
    "white space around": lambda text: f"\n\t {text} \r\n\r\n",
    "white space between": lambda text: text.replace(" ", " \u3000\n "),
    "zero-width characters": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: "\u00ad".join(text),
    "a byte order mark": lambda text: f"\ufeff{text}",
    "escaped entities": lambda text: text.replace("'", "&#39;").replace(" ", "&nbsp;"),
}


@pytest.mark.parametrize("change", TRANSPORT)
def test_what_transport_adds_changes_nothing(classifier, change):
    changed = [TRANSPORT[change](text) for text in EVERY]

    assert classifier.predict(changed) == classifier.predict(EVERY)


@pytest.mark.parametrize(
    ("change", "least"),
    [(str.lower, 0.99), (str.capitalize, 0.99), (str.upper, 0.97)],
    ids=["lower", "capitalize", "upper"],
)
def test_the_case_of_letters_rarely_changes_the_intent(classifier, change, least):
    before = classifier.predict(EVERY)

    after = classifier.predict([change(text) for text in EVERY])

    same = [one.primary == other.primary for one, other in zip(before, after, strict=True)]
    assert np.mean(same) >= least


def test_a_messages_answer_does_not_depend_on_its_company(classifier):
    texts = [example.composed for example in splits().test[:60]]

    together = classifier.logits(texts)

    alone = [classifier.logits([text]) for text in texts]
    for name, rows in together.items():
        apart = np.abs(rows - np.concatenate([one[name] for one in alone])).max()
        assert apart <= 1e-4, name


def test_a_subject_counts(classifier):
    (prediction,) = classifier.predict([compose_text("Quote for 40 seats", "Thanks, Maria")])

    assert "pricing" in prediction.labels


@pytest.mark.parametrize("place", ["at the beginning", "at the end"])
def test_a_wish_is_heard_at_either_end_of_a_long_mail(classifier, place):
    filler = ["The train to the coast was on time, and the weather in the valley was mild."] * 80
    index = {"at the beginning": 0, "at the end": 80}[place]
    wish = "We want to cancel our subscription at the end of the month."

    (prediction,) = classifier.predict([" ".join([*filler[:index], wish, *filler[index:]])])

    assert "churn_risk" in prediction.labels
