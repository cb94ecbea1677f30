"""Make what a model reads by: the names it need not tell apart, and the words that it knows."""

from training.reading.words import reading_of as reading_of
