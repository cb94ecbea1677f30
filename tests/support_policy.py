"""A policy file that uses every key there is, and how tests read it."""

from app.routing.loading import load_policy
from models.labels import INTENTS, LABELS, SIGNALS

WHOLE = """\
version: 1
calendars:
  berlin:
    zone: Europe/Berlin
    hours: {mon-thu: "13:30-18:00, 09:00-12:30", fri: 09:00-16:00}
    holidays: [2026-12-25, 01-01]
owners:
  ana:
    name: Ana Lima
    email: ana@example.com
    mention: U012AB3CD
    languages: [pt, en]
    territories: [BR, .pt]
    calendar: berlin
    capacity: 20
    absences: [2026-12-21..2027-01-03, 2026-06-01]
    left: 2027-06-30
  ben: {name: Ben}
pools:
  sales: {owners: {ana: 2, ben: 1}, fallback: ben, sticky: account, sticky_days: 30}
  leads: {owners: [ben]}
clocks:
  hour:
    within: 1h
    calendar: berlin
    remind_at: 0.75
    levels: [{within: 30m}, {pool: leads, within: 2d, endpoints: [managers]}]
playbooks: {demo: "Offer two times."}
rules:
  - name: wants to buy
    intents: {pricing: model}
    when:
      signals: {urgency: high, buyer_role: [executive, it_manager]}
      channel: [email, chat]
      language: de
      account: {known: true, name: ["*.acme.com", acme.com], messages: ">= 3", score: ">= 50"}
      contact: {known: false, score: 20}
      time: {calendar: berlin, open: false}
      sender: {title: ["*chief*", "*vp *"], country: DE}
    route: sales
    endpoints: [sales]
    event: lead.detected
    priority: urgent
    pool: sales
    clock: hour
    playbook: demo
    once: {of: account, every: 7d}
    history: 5
unsure: {route: review, endpoints: [], event: message.routed, pool: leads}
otherwise: {route: inbox, endpoints: [], event: message.routed, priority: low, playbook: solution}
examples:
  - name: a director asks for prices
    text: What is it?
    subject: Prices
    channel: chat
    at: 2026-11-26T10:00:00+01:00
    expect: {route: sales}
  - name: made up
    intents: {pricing: 0.93, support: 0.5, other: 0.2}
    signals: {urgency: high}
    language: de
    sender: {email: Ada@Mail.Acme.de, title: CEO}
    account: {known: true, score: 62}
    contact: {messages: 3, name: ada}
    expect:
      {rule: wants to buy, event: lead.detected, priority: high, pool: ~, clock: hour,
       endpoints: [sales]}
"""
KNOWN_SIGNALS = {head: LABELS[head] for head in SIGNALS}


def load(tmp_path, text):
    """Read a policy of the shipped model."""
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path, known_intents=LABELS[INTENTS], known_signals=KNOWN_SIGNALS)
