"""Many reports at once: a table (CSV or XLSX) and a zip with the stills, checked row by row."""
