"""What pages show of texts: the log, threads, one text's story, counts by hour and day."""
