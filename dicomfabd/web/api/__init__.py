"""Everything a script may want, and what the page does for people: /api/v1."""
