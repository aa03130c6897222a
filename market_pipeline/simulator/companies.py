"""What a company tells about itself: addresses, people, size. Names and sectors come from listings.py.

Everything but a real listing's name, sector, industry, exchange and CIK is made up: people do not exist, telephone numbers are
of the 555-01xx range kept for fiction, web addresses end in .example (RFC 2606).
"""

from dataclasses import dataclass
from datetime import date, datetime

from market_pipeline.simulator.actions import CorporateActions
from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.fiscal import FiscalCalendar
from market_pipeline.simulator.listings import Directory, Listing
from market_pipeline.simulator.walk import PriceWalk

_MICS = {"NASDAQ": "XNAS", "NYSE": "XNYS"}
_DOLLARS_OF_VALUE_PER_EMPLOYEE = (400_000, 4_000_000)
_GIVEN_NAMES = (
    "Alice",
    "Benjamin",
    "Carla",
    "David",
    "Elena",
    "Frank",
    "Grace",
    "Henry",
    "Irene",
    "James",
    "Karen",
    "Luis",
)
_FAMILY_NAMES = (
    "Abbott",
    "Bergstrom",
    "Castillo",
    "Dunn",
    "Ellison",
    "Fischer",
    "Garrett",
    "Hayashi",
    "Iverson",
    "Novak",
)
_STREETS = ("Market Street", "Innovation Drive", "Commerce Way", "Park Avenue", "Harbor Boulevard", "Main Street")
_PLACES = (
    ("San Jose", "CA", "95113", "408"), ("New York", "NY", "10017", "212"), ("Austin", "TX", "78701", "512"),
    ("Chicago", "IL", "60606", "312"), ("Seattle", "WA", "98101", "206"), ("Boston", "MA", "02110", "617"),
    ("Atlanta", "GA", "30303", "404"), ("Denver", "CO", "80202", "303"), ("Minneapolis", "MN", "55402", "612"),
    ("Charlotte", "NC", "28202", "704"), ("Houston", "TX", "77002", "713"), ("Columbus", "OH", "43215", "614"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company's profile. mic: ISO 10383 code of the exchange; cik: ten digits; isin: with a valid check digit, made up;

    fiscal_year_end_month: 1 to 12; shares_outstanding: at the as-of time; indices: names such as "S&P 500".
    """

    symbol: str
    name: str
    asset_class: str
    exchange: str
    mic: str
    sector: str
    industry: str
    country: str
    currency: str
    cik: str
    isin: str
    employees: int
    website: str
    description: str
    ceo: str
    street: str
    city: str
    state: str
    zip_code: str
    phone: str
    ipo_date: date
    shares_outstanding: int
    fiscal_year_end_month: int
    indices: tuple[str, ...]


class CompanyRegister:
    """Profiles of any known symbol."""

    def __init__(
        self, dice: Dice, directory: Directory, walk: PriceWalk, actions: CorporateActions, fiscal: FiscalCalendar
    ) -> None:
        self._dice = dice
        self._directory = directory
        self._walk = walk
        self._actions = actions
        self._fiscal = fiscal

    def company(self, symbol: str, as_of: datetime) -> Company:
        """The symbol's profile; only its number of shares changes with time. Raises NoSuchSymbol."""
        dice = self._dice
        listing = self._directory.listing(symbol)
        character = self._walk.temperament(symbol)
        city, state, zip_code, area = dice.pick(_PLACES, "place", symbol)
        per_employee = dice.integer(*_DOLLARS_OF_VALUE_PER_EMPLOYEE, "employees", symbol)
        people = (dice.pick(_GIVEN_NAMES, "given name", symbol), dice.pick(_FAMILY_NAMES, "family name", symbol))
        return Company(
            symbol=symbol,
            name=listing.name,
            asset_class=listing.asset_class,
            exchange=listing.exchange,
            mic=_MICS[listing.exchange],
            sector=listing.sector,
            industry=listing.industry,
            country="US",
            currency="USD",
            cik=listing.cik,
            isin=_isin(dice.digest(8, "isin", symbol)),
            employees=max(25, round(character.level * character.shares / per_employee)),
            website=f"https://www.{symbol.lower().replace('.', '-')}.example",
            description=_description(listing, f"{city}, {state}"),
            ceo=" ".join(people),
            street=f"{dice.integer(1, 999, 'house', symbol)} {dice.pick(_STREETS, 'street', symbol)}",
            city=city,
            state=state,
            zip_code=zip_code,
            phone=f"+1-{area}-555-01{dice.integer(0, 99, 'phone', symbol):02d}",
            ipo_date=character.listed_since,
            shares_outstanding=round(character.shares * self._actions.multiple_at(symbol, as_of)),
            fiscal_year_end_month=self._fiscal.year_end_month(symbol),
            indices=listing.indices,
        )


def _description(listing: Listing, place: str) -> str:
    return (
        f"{listing.name} operates in the {listing.industry} industry of the {listing.sector} sector. Its shares are listed on "
        f"{listing.exchange} under the symbol {listing.symbol}. The company has its headquarters in {place}."
    )


def _isin(source: bytes) -> str:
    """A US ISIN: the country, nine characters, and the check digit of ISO 6166 (Luhn over letters as two digits)."""
    body = f"US{int.from_bytes(source, 'big') % 10**9:09d}"
    digits = [int(digit) for character in body for digit in str(int(character, 36))]
    doubled = [digit * 2 if at % 2 == 0 else digit for at, digit in enumerate(reversed(digits))]
    total = sum(digit // 10 + digit % 10 for digit in doubled)
    return f"{body}{-total % 10}"
