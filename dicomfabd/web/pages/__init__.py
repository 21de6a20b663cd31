"""What people see: one module a page."""
