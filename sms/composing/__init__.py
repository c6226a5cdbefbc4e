"""How a text comes to be stored that somebody wants to send: looked at, given its way and sender, counted."""
