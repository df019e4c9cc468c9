"""Medians of runs."""
import statistics


def median_of(samples, field):
    """The median of one field over all runs that have it; None if none has."""
    values = [sample[field] for sample in samples if sample.get(field) is not None]
    return statistics.median(values) if values else None


def spread_of(samples, field):
    """Largest deviation from the median, as a part of it."""
    values = [sample[field] for sample in samples if sample.get(field) is not None]
    middle = statistics.median(values) if values else 0
    return max(abs(value - middle) for value in values) / middle if middle else None
