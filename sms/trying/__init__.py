"""Why a text goes where it goes: tried before, explained after, replayed by other rules."""
