"""The reply a message is owed: who has it, by when, and how a person takes it."""
