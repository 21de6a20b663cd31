"""Room 4: decide everything about a study, draw nothing. Pure."""
