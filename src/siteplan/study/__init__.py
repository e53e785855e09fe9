"""The study: layers, standards and settings, as a folder on disk and as one frozen value."""
