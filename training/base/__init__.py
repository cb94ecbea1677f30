"""Base models: the encoder and tokenizer that fine-tuning starts from."""
