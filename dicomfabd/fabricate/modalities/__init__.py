"""One recipe a kind of object: which attributes it has and how its pixels are drawn."""
