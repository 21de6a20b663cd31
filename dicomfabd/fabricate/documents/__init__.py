"""Objects without pixels: reports, dose, key objects, presentation states, encapsulated pages."""
