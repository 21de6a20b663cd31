"""The embedded PACS: Storage and Query SCP over a folder, for demo, tests and local studies."""
