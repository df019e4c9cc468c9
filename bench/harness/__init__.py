"""The machinery of the benchmark: processes, measuring, checking, reporting. What is measured lies in work/, whom in contenders/."""
