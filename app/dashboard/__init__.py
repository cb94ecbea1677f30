"""The pages that people look at: the inbox, its messages, and what stands behind them."""
