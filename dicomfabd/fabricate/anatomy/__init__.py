"""Bodies made of labelled tissue, so that every modality shows the same patient."""
