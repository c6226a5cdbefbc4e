"""How each configuration does: looked at on a schedule, judged by reasons, kept with its history, told to people."""
