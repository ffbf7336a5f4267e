"""What tests record of the project's own metrics: the fixture ``backend_gates``.

A value belongs to the test that records it, unless it names another subject. Values are exact: a float
counts as the decimal number that it prints as.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import Final, Protocol

from pytest_backend_gates.errors import did_you_mean
from pytest_backend_gates.measurements import Kind, Metric, Number, Ratio
from pytest_backend_gates.own_metrics import KEY, OwnMetric
from pytest_backend_gates.units import UNITS

#: What a sample can be, in ticks: it is kept in 8 bytes.
_LARGEST: Final = 2**63 - 1


class RecordError(ValueError):
    """What a test records is not what the project declared."""

    def __init__(self, message: str) -> None:
        super().__init__(f"backend_gates: {message}")


class Keeping(Protocol):
    """The session, as far as a recorder needs it."""

    def keep(self, metric: Metric, subject: str, test: str, value: Number | Ratio) -> None:
        """Keep what *test* recorded: events, a ratio, a value in base units, or a sample in ticks."""


class OwnMetrics:
    """Records the metrics that the project has declared: ``backend_gates.record("emails.sent")``."""

    def __init__(self, declared: Mapping[str, OwnMetric], test: str, keeping: Keeping | None) -> None:
        """Record for *test*; without *keeping*, values are looked at and forgotten."""
        self._declared = declared
        self._test = test
        self._keeping = keeping

    def record(
        self,
        name: str,
        value: float | Decimal | Fraction = 1,
        *,
        of: int | None = None,
        subject: str | None = None,
    ) -> None:
        """Record *value* in the declared unit; of a rate, whether it is a hit, or how many hits *of* a total.

        *subject* is what the value belongs to, by default this test. Raises :class:`RecordError`, a
        ``ValueError``, for a name that is not declared and a value that is none of its kind.
        """
        __tracebackhide__ = True
        own = self._declared.get(name)
        if own is None:
            known = did_you_mean(name, list(self._declared)) or f"nothing is declared in {KEY}"
            raise RecordError(f"'{name}' is not declared; {known}")
        if subject is not None and not str(subject).strip():
            raise RecordError(f"'{name}': a subject has a name; got {subject!r}")
        if of is not None and own.metric.kind is not Kind.RATE:
            raise RecordError(f"'{name}' is a {own.metric.kind}: only a rate has 'of'")
        kept = _READ[own.metric.kind](own, value, of)
        if self._keeping is not None:
            self._keeping.keep(own.metric, subject or self._test, self._test, kept)


def _events(own: OwnMetric, value: object, _: object) -> int:
    number = _whole(value)
    if number is None:
        raise RecordError(f"'{own.metric.name}' counts: record a whole number, 0 or more; got {value!r}")
    return number


def _ratio(own: OwnMetric, value: object, of: object) -> Ratio:
    if of is None and isinstance(value, bool):
        return Ratio(int(value), 1)
    hits, total = _whole(value), _whole(of)
    if hits is None or total is None or hits > total:
        told = f"{value!r}" if of is None else f"{value!r} of {of!r}"
        raise RecordError(
            f"'{own.metric.name}' is a rate: record True or False, or hits with of=total; got {told}"
        )
    return Ratio(hits, total)


def _value(own: OwnMetric, value: object, _: object) -> Fraction:
    try:
        number = _exact(value)
    except (TypeError, ValueError, OverflowError):
        raise RecordError(
            f"'{own.metric.name}' is a {own.metric.kind}: record a number; got {value!r}"
        ) from None
    return number * (UNITS[own.unit][1] if own.unit else 1)


def _sample(own: OwnMetric, value: object, of: object) -> int:
    ticks = round(_value(own, value, of) * own.metric.ticks)
    if abs(ticks) > _LARGEST:
        raise RecordError(f"'{own.metric.name}': {value!r} is too large for a sample")
    return ticks


_READ: Final[Mapping[Kind, Callable[[OwnMetric, object, object], Number | Ratio]]] = {
    Kind.COUNTER: _events,
    Kind.RATE: _ratio,
    Kind.GAUGE: _value,
    Kind.TREND: _sample,
}


def _whole(value: object) -> int | None:
    """Return *value* as an integer from 0 on, ``None`` when it is none."""
    whole = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else -1
    return whole if whole >= 0 else None


def _exact(value: object) -> Fraction:
    """Return the number that *value* is. Raises ``TypeError``, ``ValueError`` or ``OverflowError`` for none."""
    if isinstance(value, bool):
        raise TypeError(value)
    if isinstance(value, float):
        return Fraction(str(value))
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, Decimal):
        return Fraction(value)
    raise TypeError(value)
