"""One figure out of several runs."""
import statistics

# Where more is better; of everything else, less.
MORE_IS_BETTER = {"rps"}


def values_of(samples, field):
    """The field of all runs that have it."""
    return [sample[field] for sample in samples if sample.get(field) is not None]


def median_of(samples, field):
    """The median over all runs; None if none has it."""
    values = values_of(samples, field)
    return statistics.median(values) if values else None


def best_of(samples, field):
    """The best run's figure: what others do on the machine at the same time only makes it worse."""
    values = values_of(samples, field)
    return (max if field in MORE_IS_BETTER else min)(values) if values else None


def spread_of(samples, field):
    """Largest deviation from the median, as a part of it."""
    values = values_of(samples, field)
    middle = statistics.median(values) if values else 0
    return max(abs(value - middle) for value in values) / middle if middle else None


STATISTICS = {"median": median_of, "best": best_of}
