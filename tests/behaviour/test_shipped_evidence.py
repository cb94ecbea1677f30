"""Which sentence the shipped model says that a label stands in, and which it was written in."""

import sys

import pytest

from models import registry
from models.evidence import Asked, find_evidence
from models.registry import DEFAULT, SHIPPED

FLOOR = 0.85

# Two wishes each: the text, and for each label the sentence that it was written in.
TWO_WISHES = [
    (
        "Hi there,\n\nwe are a vet practice with three branches in Leeds. Could you walk us "
        "through the booking calendar on a call next week? Our nurse Jill does the diary at "
        "present. And what would nine logins cost us a year?\n\nMany thanks\nOwen",
        {
            "demo_request": "Could you walk us through the booking calendar on a call next week?",
            "pricing": "And what would nine logins cost us a year?",
        },
    ),
    (
        "Morning. The label printer has stopped taking jobs since Tuesday's update. We ship 400 "
        "parcels a day from here. If this is not sorted by Friday we will move to another "
        "supplier.",
        {
            "support": "The label printer has stopped taking jobs since Tuesday's update.",
            "churn_risk": "If this is not sorted by Friday we will move to another supplier.",
        },
    ),
    (
        "hey\ncant log in since the password reset\nalso how much is it to add two more "
        "people\nthx",
        {
            "support": "cant log in since the password reset",
            "pricing": "also how much is it to add two more people",
        },
    ),
    (
        "Dear team,\n\nthree things before our board meets:\n- we have 62 drivers and 9 depots\n"
        "- please quote the annual fee for all of them\n- we would like a trial of the route "
        "planner for one depot\n\nRegards, Samuel Osei, Fleet Manager",
        {
            "pricing": "please quote the annual fee for all of them",
            "demo_request": "we would like a trial of the route planner for one depot",
        },
    ),
    (
        "Thank you for the friendly chat at the fair in Utrecht. My director has asked me to end "
        "our subscription when the term is up in March. Until then, please repair the export to "
        "Excel, which has been empty for a week. The stroopwafels were lovely.",
        {
            "churn_risk": "My director has asked me to end our subscription when the term is up",
            "support": "Until then, please repair the export to Excel",
        },
    ),
    (
        "We run a chain of eleven bakeries. At the moment we use paper. Dr. Amara Diallo, who sits "
        "on our board, saw your tool at a friend's firm. She would like to see it live with her "
        "own data. Our budget is fixed in May, so send us your price list, incl. the set-up fee.",
        {
            "demo_request": "She would like to see it live with her own data.",
            "pricing": "Our budget is fixed in May, so send us your price list",
        },
    ),
    (
        "What's the discount for charities on the yearly plan? We help 1,200 families in Bristol. "
        "Separately, the donation form shows a blank page on iPhones, can someone look at that?",
        {
            "pricing": "What's the discount for charities on the yearly plan?",
            "support": "Separately, the donation form shows a blank page on iPhones",
        },
    ),
    (
        "Your renewal offer of 18,000 is out of the question for us; what is the lowest you can do "
        "for the same 40 seats?\nOtherwise we are not going to renew.\n\nB. Kowalczyk\nProcurement",
        {
            "pricing": "what is the lowest you can do for the same 40 seats?",
            "churn_risk": "Otherwise we are not going to renew.",
        },
    ),
    (
        "hi all ok here\nits raining again lol\nsync keeps failing on my phone, error 81\n"
        "and can i get someone to show me the new reports thing tmrw",
        {
            "support": "sync keeps failing on my phone, error 81",
            "demo_request": "and can i get someone to show me the new reports thing tmrw",
        },
    ),
    (
        "We have been with you for six years and have never complained before. Last month two\n"
        "colleagues left, so the office is quiet. I am sorry to say that we have signed with a\n"
        "competitor and will leave at the end of June. Please also tell us why the archive cannot\n"
        "be opened any more, the page just spins.\nKind regards\nHelen",
        {
            "churn_risk": "I am sorry to say that we have signed with a\ncompetitor",
            "support": "Please also tell us why the archive cannot\nbe opened any more",
        },
    ),
    (
        "Is there a sandbox we can click through on our own? We are five teachers. What do schools "
        "pay per pupil?",
        {
            "demo_request": "Is there a sandbox we can click through on our own?",
            "pricing": "What do schools pay per pupil?",
        },
    ),
    (
        "Guten Tag,\n\nwir sind ein Dentallabor mit 14 Leuten in Kassel. Könnten Sie uns die "
        "Auftragsverwaltung am 3. Mai kurz vorführen? Unser Server steht im Keller. Was kostet die "
        "Lizenz für 14 Arbeitsplätze im Jahr?\n\nMit freundlichen Grüßen\nBirgit Hanke",
        {
            "demo_request": "Könnten Sie uns die Auftragsverwaltung am 3. Mai kurz vorführen?",
            "pricing": "Was kostet die Lizenz für 14 Arbeitsplätze im Jahr?",
        },
    ),
    (
        "Hallo zusammen, seit gestern stürzt die App beim Scannen ab. Das passiert z. B. an Tor 4. "
        "Wenn das so weitergeht, kündigen wir den Vertrag.",
        {
            "support": "seit gestern stürzt die App beim Scannen ab.",
            "churn_risk": "Wenn das so weitergeht, kündigen wir den Vertrag.",
        },
    ),
    (
        "moin\nder import hängt seit heute früh bei 12 prozent\nund schickt mir bitte ein angebot "
        "für fünf weitere plätze\ndanke",
        {
            "support": "der import hängt seit heute früh bei 12 prozent",
            "pricing": "und schickt mir bitte ein angebot für fünf weitere plätze",
        },
    ),
    (
        "Sehr geehrte Frau Brandt, vielen Dank für den netten Abend in Köln. Wir werden unseren "
        "Vertrag zum Jahresende nicht verlängern. Bitte ändern Sie noch die Rechnung vom März, "
        "dort steht die falsche Adresse.",
        {
            "churn_risk": "Wir werden unseren Vertrag zum Jahresende nicht verlängern.",
            "support": "Bitte ändern Sie noch die Rechnung vom März",
        },
    ),
    (
        "Bonjour, nous gérons douze campings en Vendée. Pourriez-vous nous montrer le planning des "
        "arrivées lors d'une visio jeudi ? La saison commence tôt cette année. Quel serait le "
        "tarif pour douze sites ?",
        {
            "demo_request": "Pourriez-vous nous montrer le planning des arrivées",
            "pricing": "Quel serait le tarif pour douze sites ?",
        },
    ),
    (
        "Bonsoir,\nimpossible d'ouvrir la messagerie depuis ce matin, erreur 403.\nLe bureau est "
        "fermé lundi.\nNotre direction a décidé de résilier l'abonnement en septembre.\nM. Perrin",
        {
            "support": "impossible d'ouvrir la messagerie depuis ce matin, erreur 403.",
            "churn_risk": "Notre direction a décidé de résilier l'abonnement en septembre.",
        },
    ),
    (
        "Merci pour votre appel. Envoyez-nous un devis pour 35 postes. Par ailleurs, le bouton "
        "« Exporter » ne répond plus.",
        {
            "pricing": "Envoyez-nous un devis pour 35 postes.",
            "support": "Par ailleurs, le bouton « Exporter » ne répond plus.",
        },
    ),
    (
        "Hola, somos una cadena de gimnasios en Murcia. ¿Nos podrían enseñar la aplicación en una "
        "videollamada? Abrimos a las 7 a.m. todos los días. ¿Cuánto costaría para 18 centros?",
        {
            "demo_request": "¿Nos podrían enseñar la aplicación en una videollamada?",
            "pricing": "¿Cuánto costaría para 18 centros?",
        },
    ),
    (
        "Buenas tardes:\n\nDesde ayer no se envían las facturas a los clientes. Llevamos ocho años "
        "con ustedes. Estamos pensando en cambiar de proveedor.\n\nSra. Robles",
        {
            "support": "Desde ayer no se envían las facturas a los clientes.",
            "churn_risk": "Estamos pensando en cambiar de proveedor.",
        },
    ),
    (
        "buenas el lector no reconoce las tarjetas nuevas\ny de paso me pasan precios para 20 "
        "tarjetas más\ngracias",
        {
            "support": "buenas el lector no reconoce las tarjetas nuevas",
            "pricing": "y de paso me pasan precios para 20 tarjetas más",
        },
    ),
    (
        "Bom dia, somos uma clínica em Braga com seis médicos. Gostaríamos de agendar uma "
        "demonstração da agenda. O Dr. Sousa só pode à tarde. Qual é o valor mensal por médico?",
        {
            "demo_request": "Gostaríamos de agendar uma demonstração da agenda.",
            "pricing": "Qual é o valor mensal por médico?",
        },
    ),
    (
        "Olá! O relatório de vendas não abre desde quinta-feira. Queremos cancelar a assinatura no "
        "fim do contrato. Obrigada pela atenção de sempre.",
        {
            "support": "O relatório de vendas não abre desde quinta-feira.",
            "churn_risk": "Queremos cancelar a assinatura no fim do contrato.",
        },
    ),
    (
        "Beste mensen, wij verhuren fietsen op drie eilanden. Kunnen we het systeem een paar weken "
        "uitproberen? Het hoogseizoen begint in juni. Wat zijn de kosten voor 25 medewerkers?",
        {
            "demo_request": "Kunnen we het systeem een paar weken uitproberen?",
            "pricing": "Wat zijn de kosten voor 25 medewerkers?",
        },
    ),
    (
        "Goedemiddag,\nde koppeling met onze kassa werkt niet meer.\nAls dit zo blijft zeggen wij "
        "het contract op.\nGroet, Joost",
        {
            "support": "de koppeling met onze kassa werkt niet meer.",
            "churn_risk": "Als dit zo blijft zeggen wij het contract op.",
        },
    ),
    (
        "Hej! Vi är ett litet åkeri i Umeå. Kan någon visa oss körjournalen på ett möte nästa "
        "vecka? Vi har t.ex. åtta lastbilar. Vad kostar det per bil och månad?",
        {
            "demo_request": "Kan någon visa oss körjournalen på ett möte nästa vecka?",
            "pricing": "Vad kostar det per bil och månad?",
        },
    ),
    (
        "Hej support, kartan laddar inte i mobilen sedan i morse. Vi har bestämt oss för att säga "
        "upp avtalet till sommaren. Trevlig helg!",
        {
            "support": "kartan laddar inte i mobilen sedan i morse.",
            "churn_risk": "Vi har bestämt oss för att säga upp avtalet till sommaren.",
        },
    ),
    (
        "Hi Petra, it was good to meet your crew at the harbour. Since then our new finance lead "
        "has gone through every tool we pay for. She asked me twice this week whether anybody "
        "still opens yours. I told her I did not know. On another note, the tide table is an hour "
        "off since the clocks changed. The boats go out by it. Say hello to Finn.",
        {
            "churn_risk": "She asked me twice this week whether anybody still opens yours.",
            "support": "the tide table is an hour off since the clocks changed.",
        },
    ),
    (
        "We make cheese and have done for eighty years. My son looks after the website. The milk "
        "comes from nine farms and every one of them writes its own delivery note. A neighbour "
        "told me your people came by and put his farm's numbers on the screen in front of him. I'd "
        "like the same for ours. He also said that it is dear. I have 2,500 a year to spend and "
        "not a penny more, does that get me anywhere? The best time to ring is after milking.",
        {
            "demo_request": "I'd like the same for ours.",
            "pricing": "I have 2,500 a year to spend and not a penny more",
        },
    ),
    (
        "Following your webinar on Tuesday I have two remarks. The recording has no sound after "
        "minute 14 for anybody here. The host was excellent, by the way, and so was the quiz. As "
        "we grow from 30 to 75 people in autumn, the current tier will not do and I need figures "
        "for the next one. Our street is closed next week, so post takes longer.",
        {
            "support": "The recording has no sound after minute 14 for anybody here.",
            "pricing": "I need figures for the next one.",
        },
    ),
    (
        "Hallo Herr Voss,\nbei uns wird umgebaut, daher die späte Antwort. Ein Mitbewerber bietet "
        "uns dasselbe zum halben Preis an, und mein Chef findet das verlockend. Ich selbst bin "
        "zufrieden. Übrigens kommen die Erinnerungen seit Montag doppelt an.\nGruß aus Jena",
        {
            "churn_risk": "Ein Mitbewerber bietet uns dasselbe zum halben Preis an",
            "support": "Übrigens kommen die Erinnerungen seit Montag doppelt an.",
        },
    ),
    (
        "yo quick one from the warehouse\nscanner guns all say pairing lost\nbeen like that since "
        "the fire drill\nboss says if he hears the word scanner once more he throws you lot out\n"
        "anyway hows the new baby",
        {
            "support": "scanner guns all say pairing lost",
            "churn_risk": "boss says if he hears the word scanner once more he throws you lot out",
        },
    ),
]


@pytest.fixture(scope="module")
def classifier():
    return registry.load(SHIPPED, DEFAULT)


@pytest.fixture(scope="module")
def evidence(classifier):
    asked = [Asked(subject="", text=text, labels=tuple(where)) for text, where in TWO_WISHES]
    return find_evidence(asked, lambda texts: [said.intents for said in classifier.predict(texts)])


def hit(text, written, found):
    """Whether the sentence that was found holds the words that were written, or is held by them."""
    start = text.index(written)
    return found.start < start + len(written) and found.end > start


def test_the_sentence_of_each_wish_is_the_one_it_was_written_in(evidence, capsys):
    judged = [
        (text, label, found[label], hit(text, written, found[label]))
        for (text, where), found in zip(TWO_WISHES, evidence, strict=True)
        for label, written in where.items()
    ]
    right = sum(one[3] for one in judged)

    with capsys.disabled():
        sys.stdout.write(f"\nevidence: {right} of {len(judged)} sentences are those written\n")
        for _, label, found, hits in judged:
            if not hits:
                sys.stdout.write(f"  {label}: {found.sentence}\n")
    assert right / len(judged) >= FLOOR


def test_evidence_is_cut_out_of_what_was_sent(evidence):
    for (text, _), found in zip(TWO_WISHES, evidence, strict=True):
        for one in found.values():
            assert " ".join(text[one.start : one.end].split()) == one.sentence


def test_a_wish_deep_in_a_long_mail_is_found(classifier):
    wish = "Could you show us the planner in a demo on Thursday?"
    filler = "The minutes of the works council were read out and nobody had anything to add."
    lines = [filler] * 300
    lines[150] = wish

    asked = Asked(subject="", text="\n".join(lines), labels=("demo_request",))
    (found,) = find_evidence(
        [asked], lambda texts: [said.intents for said in classifier.predict(texts)]
    )

    assert found["demo_request"].sentence == wish
