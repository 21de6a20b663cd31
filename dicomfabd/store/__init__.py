"""Room 2: the durable queue and its history. Other rooms see `interface` only."""
