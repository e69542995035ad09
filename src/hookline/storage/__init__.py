"""Storage: the schema, the readers, and the one writer through which every change is committed."""
