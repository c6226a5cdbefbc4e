"""How waiting texts come to be sent: whose turn, how many at once, by which loop, and what is written down."""
