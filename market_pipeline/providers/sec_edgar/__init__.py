"""SEC EDGAR: who a filer is, and every figure of its annual and quarterly reports, as filed.

Free and without a key, but for clients that say who they are: the SEC wants a User-Agent with a name and an e-mail
address, and 10 requests a second at most.  That contact stands where other vendors have a key, in SEC_EDGAR_API_KEY;
without it the SEC is not asked.  Files are by CIK, the SEC's number of a filer; one that is not there is a 404 with
the XML of the storage behind.  Refusals are HTML pages, the one about the rate (429, once 403) lasts 10 minutes.
Source: https://www.sec.gov/search-filings/edgar-application-programming-interfaces,
https://www.sec.gov/search-filings/edgar-search-assistance/accessing-edgar-data (fair access), recorded answers.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from market_pipeline.providers.base import Provider, Rate, by_status, with_header
from market_pipeline.providers.errors import AuthenticationFailed, MalformedResponse, ProviderError, RateLimited
from market_pipeline.providers.messages import Answer, Request
from market_pipeline.providers.sec_edgar.facts import CompanyFacts
from market_pipeline.providers.sec_edgar.filers import Submissions


class SecEdgar(Provider):
    name = "sec_edgar"
    title = "SEC EDGAR"
    homepage = "https://www.sec.gov/search-filings"
    base_url = "https://data.sec.gov"
    hosts: ClassVar[Mapping[str, str]] = {"www": "https://www.sec.gov"}
    limits = (Rate(10, 1),)
    endpoints = (Submissions(), CompanyFacts())

    def authorise(self, request: Request, key: str) -> Request:
        return with_header(request, "User-Agent", key)

    def classify(self, answer: Answer) -> ProviderError | None:
        page = answer.text if answer.body.lstrip()[:1] == b"<" else ""
        if "Request Rate Threshold Exceeded" in page:
            minutes = re.search(r"limited for (\d{1,3}) minutes", page)
            said = f"HTTP {answer.status}: Request Rate Threshold Exceeded"
            return RateLimited(said, retry_after=None if minutes is None else 60.0 * int(minutes[1]))
        if "Undeclared Automated Tool" in page:
            return AuthenticationFailed(
                f"HTTP {answer.status}: Undeclared Automated Tool: set SEC_EDGAR_API_KEY to your name and e-mail address"
            )
        if answer.status == 404 and "/CIK" not in answer.url:  # the directory of all filers, not a filer's file
            return MalformedResponse(f"HTTP 404 for {answer.url}", sample=answer.sample)
        return by_status(answer)
