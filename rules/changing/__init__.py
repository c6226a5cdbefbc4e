"""How rules change: drafts, order, versions, what differs between them, the way back."""
