"""Office hours and holidays beyond the schedule itself: as people enter them, and who is there."""
