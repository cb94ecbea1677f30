"""How interested somebody is: what their messages said, over time; pure."""
