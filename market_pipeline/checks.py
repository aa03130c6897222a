"""Asset checks: which data type has which, and what Dagster is told of what they find.

Here belong the list of checks and the way from a finding to Dagster's result.  What a check asks the tables belongs to the
modules `…_findings` of `tracking`.  Checks are part of their asset's step, because a second process would spend two more
seconds on imports; each is about the whole table, so that a narrow run tells no less than a wide one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import psycopg

from market_pipeline.datasets import Dataset, DataType, Derived, PartitionedBy
from market_pipeline.datasets.historical_prices import PriceBar
from market_pipeline.tracking.derived_findings import behind_prices, holes, impossible_values, series_without_rows
from market_pipeline.tracking.findings import Finding, Inspection, Verdict
from market_pipeline.tracking.general_findings import (
    completeness,
    cross_vendor_consensus,
    duplicates,
    failed_symbols,
    gaps,
    row_validity,
    shrunken_lists,
)
from market_pipeline.tracking.price_findings import adjustment_mix, outliers, overtaken_by_splits


def _is_fetched(data_type: DataType) -> bool:
    return isinstance(data_type, Dataset)


def _is_computed(data_type: DataType) -> bool:
    return isinstance(data_type, Derived)


def _has_sessions_to_fill(data_type: DataType) -> bool:
    return isinstance(data_type, Dataset) and data_type.partitioned_by is PartitionedBy.SESSION and not data_type.live


def _has_bars(data_type: DataType) -> bool:
    return issubclass(data_type.record, PriceBar)


def _has_facts(data_type: DataType) -> bool:
    return isinstance(data_type, Dataset) and bool(data_type.same_fact)


def _is_compared(data_type: DataType) -> bool:
    return isinstance(data_type, Dataset) and data_type.compared is not None


def _is_a_list(data_type: DataType) -> bool:
    return isinstance(data_type, Dataset) and data_type.complete


@dataclass(frozen=True, slots=True)
class Check:
    """A question about a data type.  Its function gives it name and description."""

    find: Callable[[Inspection[Any]], Finding]
    applies: Callable[[DataType], bool]
    blocking: bool = False
    """Whether an ERROR fails the run and keeps what is computed from the asset from being computed by itself."""

    @property
    def name(self) -> str:
        return self.find.__name__


CHECKS = (
    Check(completeness, _is_fetched),
    Check(row_validity, _is_fetched),
    Check(failed_symbols, _is_fetched),
    Check(shrunken_lists, _is_a_list),
    Check(gaps, _has_sessions_to_fill),
    # Two bars of one session make every figure wrong that is computed from them.  Whatever else can be found concerns some
    # symbols, and the others' figures are as good as ever.
    Check(duplicates, _has_facts, blocking=True),
    Check(outliers, _has_bars),
    Check(adjustment_mix, _has_bars),
    Check(overtaken_by_splits, _has_bars),
    Check(cross_vendor_consensus, _is_compared),
    Check(series_without_rows, _is_computed),
    Check(behind_prices, _is_computed),
    Check(impossible_values, _is_computed),
    Check(holes, _is_computed),
)


def checks_of(dataset: DataType) -> Sequence[Check]:
    return [check for check in CHECKS if check.applies(dataset)]


def check_specs(dataset: DataType) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=dataset.name,
            description=" ".join((check.find.__doc__ or "").split()),
            blocking=check.blocking,
        )
        for check in checks_of(dataset)
    ]


def check_results(look: Inspection[DataType]) -> Iterator[dg.AssetCheckResult]:
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
