"""The HTTP edge: strict in what it reads, the same in what it answers, silent about input."""
