"""What keeps rules from working as they were meant, and where it is mended."""
