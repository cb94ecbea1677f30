"""What providers and chat platforms send, verified and read into messages."""
