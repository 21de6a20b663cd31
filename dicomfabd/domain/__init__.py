"""The words we use: orders, patients, studies, deliveries. Standard library only."""
