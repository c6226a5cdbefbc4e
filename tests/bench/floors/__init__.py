"""What the portal is held against: each the least that does the same work, in a file of at most 60 lines."""
