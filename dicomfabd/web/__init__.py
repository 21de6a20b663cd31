"""The window: API, pages, probes and metrics for people, scripts and Prometheus."""
