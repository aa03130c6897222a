"""Asset checks: which data type has which, and what Dagster is told of what they find.

Here belong the list of checks and the way from a finding to Dagster's result.  What a check asks the tables belongs to
`tracking.findings` and `tracking.price_findings`.  Checks are part of their asset's step, because a second process would spend
two more seconds on imports; each is about the whole table, so that a narrow run tells no less than a wide one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import dagster as dg
import psycopg

from market_pipeline.datasets import Dataset, PartitionedBy
from market_pipeline.datasets.historical_prices import PriceBar
from market_pipeline.tracking.findings import (
    Finding,
    Inspection,
    Verdict,
    completeness,
    cross_vendor_consensus,
    duplicates,
    failed_symbols,
    gaps,
    row_validity,
)
from market_pipeline.tracking.price_findings import adjustment_mix, outliers, overtaken_by_splits


def _always(dataset: Dataset) -> bool:
    return True


def _has_sessions_to_fill(dataset: Dataset) -> bool:
    return dataset.partitioned_by is PartitionedBy.SESSION and not dataset.live


def _has_bars(dataset: Dataset) -> bool:
    return issubclass(dataset.record, PriceBar)


def _has_facts(dataset: Dataset) -> bool:
    return bool(dataset.same_fact)


def _is_compared(dataset: Dataset) -> bool:
    return dataset.compared is not None


@dataclass(frozen=True, slots=True)
class Check:
    """A question about a data type.  Its function gives it name and description."""

    find: Callable[[Inspection], Finding]
    applies: Callable[[Dataset], bool]
    blocking: bool = False
    """Whether an ERROR fails the run and keeps what is computed from the asset from being computed by itself."""

    @property
    def name(self) -> str:
        return self.find.__name__


CHECKS = (
    Check(completeness, _always),
    Check(row_validity, _always),
    Check(failed_symbols, _always),
    Check(gaps, _has_sessions_to_fill),
    # Two bars of one session make every figure wrong that is computed from them.  Whatever else can be found concerns some
    # symbols, and the others' figures are as good as ever.
    Check(duplicates, _has_facts, blocking=True),
    Check(outliers, _has_bars),
    Check(adjustment_mix, _has_bars),
    Check(overtaken_by_splits, _has_bars),
    Check(cross_vendor_consensus, _is_compared),
)


def checks_of(dataset: Dataset) -> Sequence[Check]:
    return [check for check in CHECKS if check.applies(dataset)]


def check_specs(dataset: Dataset) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=dataset.name,
            description=" ".join((check.find.__doc__ or "").split()),
            blocking=check.blocking,
        )
        for check in checks_of(dataset)
    ]


def check_results(look: Inspection) -> Iterator[dg.AssetCheckResult]:
    """Make all checks of a data type.  One that cannot be made says so, and stops no other."""
    for check in checks_of(look.dataset):
        try:
            finding = check.find(look)
        except psycopg.Error as error:
            finding = unmade(error)
        yield result(check.name, finding)


def unmade(error: Exception) -> Finding:
    """What is found by a check that could not be made: nothing, which is no good sign."""
    return Finding(Verdict.WARN, f"The check could not be made: {error}")


def result(name: str, finding: Finding) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR if finding.verdict is Verdict.ERROR else dg.AssetCheckSeverity.WARN
    passed = finding.verdict is Verdict.PASSED
    remedy = {} if passed or not finding.remedy else {"what_to_do": finding.remedy}
    sample = {"sample": dg.MetadataValue.md("\n".join(f"- {one}" for one in finding.sample))} if finding.sample else {}
    return dg.AssetCheckResult(
        check_name=name,
        passed=passed,
        severity=severity,
        description=finding.said,
        metadata={**remedy, "count": finding.count, **finding.figures, **sample},
    )


def evaluation(dataset: Dataset, found: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """A result as an op reports it, which is no asset's."""
    (blocking,) = (check.blocking for check in checks_of(dataset) if check.name == found.check_name)
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(dataset.name),
        check_name=found.check_name or "",
        passed=found.passed,
        severity=found.severity,
        description=found.description,
        metadata=found.metadata,
        blocking=blocking,
    )
