"""Room 6: what we ask of a PACS. Blocking; each association belongs to one thread."""
