"""Room 3: what a modality asks."""
