"""Company info: who stands behind a symbol."""

from datetime import timedelta

from market_pipeline.datasets.base import Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Count, Currency, Day, NonNegative, Text, described, required


class CompanyInfo(Record):
    """A company's profile: name, listing, industry, size and where to read more."""

    name: Text = required("registered or usual name")
    exchange: Text | None = described("listing venue as the vendor spells it")
    asset_class: Text | None = described("stock, etf, fund, index, currency or crypto")
    sector: Text | None = described("sector as the vendor spells it")
    industry: Text | None = described("industry as the vendor spells it")
    country: Text | None = described("country of incorporation or headquarters, as the vendor spells it")
    currency: Currency | None = described("currency of the listing and of market_cap", "ISO 4217")
    market_cap: NonNegative | None = described("market capitalisation", "currency")
    shares_outstanding: NonNegative | None = described("shares outstanding", "shares")
    employees: Count | None = described("full-time employees", "people")
    ceo: Text | None = described("chief executive")
    website: Text | None = described("home page")
    description: Text | None = described("what the company does")
    address: Text | None = described("street, city, state and post code in one line")
    phone: Text | None = described("telephone")
    ipo_date: Day | None = described("first day of trading", "date")
    fiscal_year_end: Text | None = described("last month of the fiscal year, in English: September")
    cik: Text | None = described("SEC central index key, ten digits")
    isin: Text | None = described("international securities identification number")
    figi: Text | None = described("financial instrument global identifier")


COMPANY_INFO = Dataset(
    name="company_info",
    title="Company info",
    family="companies",
    record=CompanyInfo,
    key=("symbol",),
    partitioned_by=PartitionedBy.SYMBOL,
    cadence=Cadence(cron="0 5 * * 6"),  # Saturday: nothing live competes for the vendors' quotas
    freshness=Freshness(warn=timedelta(days=8), fail=timedelta(days=15)),
    cache_ttl=timedelta(hours=24),
    stale_if_error=timedelta(days=30),
    empty_is_answer=False,
)
