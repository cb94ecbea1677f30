"""What a trained intent model is; shared by training and serving."""
