"""A program's own files: read, checked, shown and brought in, all or nothing. docs/import.md"""
