"""Prediction and policy in, decision with its reasons out; pure but for reading the policy file."""
