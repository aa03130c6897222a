"""Finviz's screener: a table of 20 symbols, by ticker, filtered by tickers, index and sector."""

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.finviz.markup import abbreviated, link, page, ratio, row
from market_pipeline.simulator.dialects.finviz.quote_page import COUNTRIES, SECTORS, code, spelled, symbol_in

PAGE = 20
INDICES = {"idx_sp500": "S&P 500", "idx_ndx": "Nasdaq 100", "idx_dji": "Dow Jones"}
HEADERS = (
    "No.", "Ticker", "Company", "Sector", "Industry", "Country", "Market Cap", "P/E", "Price", "Change", "Volume",
)  # fmt: skip


def overview(call: Call) -> Reply:
    found, first = _filtered(call), int(call.params.get("r", "1"))
    shown = found[first - 1 : first - 1 + PAGE]
    head = row(f'<td class="table-top cursor-pointer">{name}</td>' for name in HEADERS)
    lines = "".join(_line(call, number, symbol) for number, symbol in enumerate(shown, start=first))
    counted = (
        f'<td width="140" align="left" valign="bottom" class="count-text"><b>Total: </b>{len(found)} #{first}</td>'
    )
    pages = -(-len(found) // PAGE) or 1
    option = f'<option selected="selected" value="{first}">Page {first // PAGE + 1}/{pages}</option>'
    total = f'<table><tr>{counted}<td><select id="pageSelect">{option}</select></td></tr></table>'
    body = f'{total}<table class="table-light">{head}{lines}</table>'
    return page("Stock Screener - Overview", body)


def _filtered(call: Call) -> list[str]:
    tickers = [symbol_in(one) for one in call.params.get("t", "").split(",") if one]
    symbols = tickers or list(call.market.symbols())
    filters = [one for one in call.params.get("f", "").split(",") if one]
    return sorted(spelled(one) for one in set(symbols) if call.market.knows(one) and _passes(call, one, filters))


def _passes(call: Call, symbol: str, filters: list[str]) -> bool:
    company = call.market.company(symbol, as_of=call.now)
    sector = f"sec_{code(SECTORS.get(company.sector, company.sector))}"
    names = {sector, *(one for one, index in INDICES.items() if index in company.indices)}
    return names.issuperset(filters)


def _line(call: Call, number: int, spelling: str) -> str:
    symbol = symbol_in(spelling)
    company, quote = call.market.company(symbol, as_of=call.now), call.market.quote(symbol, call.now)
    ratios = call.market.ratios(symbol, call.now)
    values = (
        str(number),
        spelling,
        company.name,
        SECTORS.get(company.sector, company.sector),
        company.industry,
        COUNTRIES.get(company.country, company.country),
        abbreviated(ratios.market_cap),
        ratio(ratios.pe),
        str(quote.price),
        f"{quote.change_percent:.2f}%",
        f"{quote.volume:,}",
    )
    address = f"quote.ashx?t={spelling}&ty=c&p=d&b=1"
    return row(
        f'<td height="10" class="screener-body-table-nw">{link(address, value, "screener-link")}</td>'
        for value in values
    )
