"""The work items: one file per kind. ALL is in the order of the report."""
