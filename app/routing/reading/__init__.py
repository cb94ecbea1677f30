"""The parts of the policy file, each read from its own key and checked strictly."""
