-- The nine data types, the universe they are fetched for, and the rows that were refused.
-- Every market row says which vendor it came from, when it was fetched and by which Dagster run; `as_of` is the time at
-- which the vendor says it was true, NULL where it does not say.  Times are UTC, money is numeric.

CREATE TABLE database_world (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    world text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE database_world IS 'Which world the rows are from, live or simulated:SEED; the two are never mixed.';

CREATE TABLE tracked_symbols (
    symbol text PRIMARY KEY,
    name text,
    asset_class text NOT NULL DEFAULT 'stock',
    exchange text,
    sector text,
    industry text,
    indices text[] NOT NULL DEFAULT '{}',
    timeframes text[] NOT NULL DEFAULT '{1d}',
    active boolean NOT NULL DEFAULT true,
    added_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tracked_symbols IS 'The universe: what is fetched while active; removing a symbol deactivates it and keeps its data.';

CREATE TABLE stock_quotes (
    symbol text NOT NULL,
    session date NOT NULL,
    price numeric NOT NULL,
    bid numeric,
    ask numeric,
    bid_size bigint,
    ask_size bigint,
    open numeric,
    high numeric,
    low numeric,
    previous_close numeric,
    change numeric,
    change_percent numeric,
    volume bigint,
    currency text,
    market_state text,
    as_of timestamptz NOT NULL,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, as_of)
);
COMMENT ON TABLE stock_quotes IS 'The last trade of a share and the day around it, at the time the vendor states.';
COMMENT ON COLUMN stock_quotes.session IS 'trading day of the quote (exchange-local date)';
COMMENT ON COLUMN stock_quotes.price IS 'last trade (currency per share)';
COMMENT ON COLUMN stock_quotes.bid IS 'best bid; 0 where nobody bids (currency per share)';
COMMENT ON COLUMN stock_quotes.ask IS 'best offer; 0 where nobody offers (currency per share)';
COMMENT ON COLUMN stock_quotes.bid_size IS 'shares bid for (shares)';
COMMENT ON COLUMN stock_quotes.ask_size IS 'shares offered (shares)';
COMMENT ON COLUMN stock_quotes.open IS 'first trade of the session (currency per share)';
COMMENT ON COLUMN stock_quotes.high IS 'highest trade of the session (currency per share)';
COMMENT ON COLUMN stock_quotes.low IS 'lowest trade of the session (currency per share)';
COMMENT ON COLUMN stock_quotes.previous_close IS 'close of the session before (currency per share)';
COMMENT ON COLUMN stock_quotes.change IS 'price less previous close (currency per share)';
COMMENT ON COLUMN stock_quotes.change_percent IS 'change over previous close; 1.5 is one and a half per cent (percent)';
COMMENT ON COLUMN stock_quotes.volume IS 'shares traded in the session so far (shares)';
COMMENT ON COLUMN stock_quotes.currency IS 'currency of every price in the row (ISO 4217)';
COMMENT ON COLUMN stock_quotes.market_state IS 'what the exchange was doing: pre, regular, post or closed';

CREATE TABLE company_info (
    symbol text NOT NULL,
    name text NOT NULL,
    exchange text,
    asset_class text,
    sector text,
    industry text,
    country text,
    currency text,
    market_cap numeric,
    shares_outstanding numeric,
    employees bigint,
    ceo text,
    website text,
    description text,
    address text,
    phone text,
    ipo_date date,
    fiscal_year_end text,
    cik text,
    isin text,
    figi text,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol)
);
COMMENT ON TABLE company_info IS 'A company''s profile: name, listing, industry, size and where to read more.';
COMMENT ON COLUMN company_info.name IS 'registered or usual name';
COMMENT ON COLUMN company_info.exchange IS 'listing venue as the vendor spells it';
COMMENT ON COLUMN company_info.asset_class IS 'stock, etf, fund, index, currency or crypto';
COMMENT ON COLUMN company_info.sector IS 'sector as the vendor spells it';
COMMENT ON COLUMN company_info.industry IS 'industry as the vendor spells it';
COMMENT ON COLUMN company_info.country IS 'country of incorporation or headquarters, as the vendor spells it';
COMMENT ON COLUMN company_info.currency IS 'currency of the listing and of market_cap (ISO 4217)';
COMMENT ON COLUMN company_info.market_cap IS 'market capitalisation (currency)';
COMMENT ON COLUMN company_info.shares_outstanding IS 'shares outstanding (shares)';
COMMENT ON COLUMN company_info.employees IS 'full-time employees (people)';
COMMENT ON COLUMN company_info.ceo IS 'chief executive';
COMMENT ON COLUMN company_info.website IS 'home page';
COMMENT ON COLUMN company_info.description IS 'what the company does';
COMMENT ON COLUMN company_info.address IS 'street, city, state and post code in one line';
COMMENT ON COLUMN company_info.phone IS 'telephone';
COMMENT ON COLUMN company_info.ipo_date IS 'first day of trading (date)';
COMMENT ON COLUMN company_info.fiscal_year_end IS 'last month of the fiscal year, in English: September';
COMMENT ON COLUMN company_info.cik IS 'SEC central index key, ten digits';
COMMENT ON COLUMN company_info.isin IS 'international securities identification number';
COMMENT ON COLUMN company_info.figi IS 'financial instrument global identifier';

CREATE TABLE historical_prices (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    bar_start timestamptz NOT NULL,
    session date NOT NULL,
    adjustment text NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    adjusted_close numeric,
    volume numeric,
    vwap numeric,
    trades bigint,
    dividend numeric,
    split_factor numeric,
    currency text,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    series_provider text NOT NULL,
    mixed boolean GENERATED ALWAYS AS (provider <> series_provider) STORED,
    PRIMARY KEY (symbol, timeframe, adjustment, bar_start)
);
COMMENT ON TABLE historical_prices IS 'Open, high, low, close and volume of one bar, with what its prices are adjusted for.';
COMMENT ON COLUMN historical_prices.timeframe IS 'length of the bar: 1d or 1h';
COMMENT ON COLUMN historical_prices.bar_start IS 'start of the bar; a daily bar starts at midnight of the exchange (UTC)';
COMMENT ON COLUMN historical_prices.session IS 'trading day of the bar (exchange-local date)';
COMMENT ON COLUMN historical_prices.adjustment IS 'what the prices are adjusted for: raw, split or split_dividend';
COMMENT ON COLUMN historical_prices.open IS 'first trade (currency per share)';
COMMENT ON COLUMN historical_prices.high IS 'highest trade (currency per share)';
COMMENT ON COLUMN historical_prices.low IS 'lowest trade (currency per share)';
COMMENT ON COLUMN historical_prices.close IS 'last trade (currency per share)';
COMMENT ON COLUMN historical_prices.adjusted_close IS 'close adjusted for splits and dividends (currency per share)';
COMMENT ON COLUMN historical_prices.volume IS 'shares traded; fractional where the vendor adjusts it (shares)';
COMMENT ON COLUMN historical_prices.vwap IS 'volume-weighted average price (currency per share)';
COMMENT ON COLUMN historical_prices.trades IS 'number of trades';
COMMENT ON COLUMN historical_prices.dividend IS 'cash dividend with this ex-date (currency per share)';
COMMENT ON COLUMN historical_prices.split_factor IS 'new shares per old share on this day; 1 on an ordinary day (ratio)';
COMMENT ON COLUMN historical_prices.currency IS 'currency of every price in the row (ISO 4217)';

CREATE TABLE options_chain (
    symbol text NOT NULL,
    contract_symbol text NOT NULL,
    session date NOT NULL,
    expiration date NOT NULL,
    option_type text NOT NULL,
    strike numeric NOT NULL,
    bid numeric,
    ask numeric,
    last_price numeric,
    last_trade_at timestamptz,
    volume bigint,
    open_interest bigint,
    implied_volatility numeric,
    delta numeric,
    gamma numeric,
    theta numeric,
    vega numeric,
    rho numeric,
    in_the_money boolean,
    underlying_price numeric,
    currency text,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (session, contract_symbol)
);
COMMENT ON TABLE options_chain IS 'One listed option as it stood when the chain was read.  `symbol` is the underlying.';
COMMENT ON COLUMN options_chain.contract_symbol IS 'OCC symbol without padding: AAPL261218C00200000';
COMMENT ON COLUMN options_chain.session IS 'trading day of the snapshot (exchange-local date)';
COMMENT ON COLUMN options_chain.expiration IS 'last day of the contract (exchange-local date)';
COMMENT ON COLUMN options_chain.option_type IS 'call or put';
COMMENT ON COLUMN options_chain.strike IS 'exercise price (currency per share)';
COMMENT ON COLUMN options_chain.bid IS 'best bid (currency per share)';
COMMENT ON COLUMN options_chain.ask IS 'best offer (currency per share)';
COMMENT ON COLUMN options_chain.last_price IS 'last trade (currency per share)';
COMMENT ON COLUMN options_chain.last_trade_at IS 'time of the last trade (UTC)';
COMMENT ON COLUMN options_chain.volume IS 'contracts traded in the session (contracts)';
COMMENT ON COLUMN options_chain.open_interest IS 'contracts outstanding (contracts)';
COMMENT ON COLUMN options_chain.implied_volatility IS 'annualised; 0.25 is 25 per cent (fraction)';
COMMENT ON COLUMN options_chain.delta IS 'change of the option''s price per unit of the underlying''s';
COMMENT ON COLUMN options_chain.gamma IS 'change of delta per unit of the underlying''s price';
COMMENT ON COLUMN options_chain.theta IS 'change of the option''s price per calendar day (currency per day)';
COMMENT ON COLUMN options_chain.vega IS 'change of the option''s price per percentage point of volatility (currency)';
COMMENT ON COLUMN options_chain.rho IS 'change of the option''s price per percentage point of interest rate (currency)';
COMMENT ON COLUMN options_chain.in_the_money IS 'whether exercising at the underlying''s price would pay';
COMMENT ON COLUMN options_chain.underlying_price IS 'the underlying at the time of the snapshot (currency per share)';
COMMENT ON COLUMN options_chain.currency IS 'currency of every price in the row (ISO 4217)';

CREATE TABLE earnings (
    symbol text NOT NULL,
    calendar_quarter text NOT NULL,
    period_end date,
    fiscal_year bigint,
    fiscal_quarter bigint,
    report_date date,
    report_time text,
    eps_estimate numeric,
    eps_actual numeric,
    surprise_percent numeric,
    revenue_estimate numeric,
    revenue_actual numeric,
    currency text,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, calendar_quarter)
);
COMMENT ON TABLE earnings IS 'What a company earned in a quarter, what analysts expected, and when it was or will be reported.';
COMMENT ON COLUMN earnings.calendar_quarter IS 'calendar quarter of the middle of the period: 2026Q3';
COMMENT ON COLUMN earnings.period_end IS 'last day of the fiscal quarter (date)';
COMMENT ON COLUMN earnings.fiscal_year IS 'fiscal year as the company counts it';
COMMENT ON COLUMN earnings.fiscal_quarter IS 'fiscal quarter, 1 to 4';
COMMENT ON COLUMN earnings.report_date IS 'day of the report, past or expected (exchange-local date)';
COMMENT ON COLUMN earnings.report_time IS 'before market open, after market close, during market hours';
COMMENT ON COLUMN earnings.eps_estimate IS 'analysts'' consensus of earnings per share (currency per share)';
COMMENT ON COLUMN earnings.eps_actual IS 'reported earnings per share; None before the report (currency per share)';
COMMENT ON COLUMN earnings.surprise_percent IS '(actual - estimate) / |estimate| (percent)';
COMMENT ON COLUMN earnings.revenue_estimate IS 'analysts'' consensus of revenue (currency)';
COMMENT ON COLUMN earnings.revenue_actual IS 'reported revenue (currency)';
COMMENT ON COLUMN earnings.currency IS 'currency of the row (ISO 4217)';

CREATE TABLE dividends (
    symbol text NOT NULL,
    ex_date date NOT NULL,
    amount numeric NOT NULL,
    adjustment text NOT NULL,
    kind text,
    declaration_date date,
    record_date date,
    pay_date date,
    frequency bigint,
    currency text,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, ex_date)
);
COMMENT ON TABLE dividends IS 'A cash dividend.  What a company pays on one ex-date is one row; parsers add up parts of it.';
COMMENT ON COLUMN dividends.ex_date IS 'first day on which a buyer no longer gets the dividend (exchange-local date)';
COMMENT ON COLUMN dividends.amount IS 'cash per share (currency per share)';
COMMENT ON COLUMN dividends.adjustment IS 'raw as declared, or divided by later splits';
COMMENT ON COLUMN dividends.kind IS 'regular or special, where the vendor says so';
COMMENT ON COLUMN dividends.declaration_date IS 'day of the announcement (date)';
COMMENT ON COLUMN dividends.record_date IS 'holders of this day are paid (date)';
COMMENT ON COLUMN dividends.pay_date IS 'day of the payment (date)';
COMMENT ON COLUMN dividends.frequency IS 'payments per year; 0 for a one-off';
COMMENT ON COLUMN dividends.currency IS 'currency of the amount (ISO 4217)';

CREATE TABLE fundamentals (
    symbol text NOT NULL,
    statement text NOT NULL,
    period_type text NOT NULL,
    period_end date NOT NULL,
    fiscal_year bigint,
    fiscal_period text,
    filed_on date,
    currency text,
    revenue numeric,
    cost_of_revenue numeric,
    gross_profit numeric,
    research_and_development numeric,
    operating_expenses numeric,
    operating_income numeric,
    ebitda numeric,
    interest_expense numeric,
    pretax_income numeric,
    income_tax numeric,
    net_income numeric,
    eps_basic numeric,
    eps_diluted numeric,
    shares_diluted numeric,
    total_assets numeric,
    current_assets numeric,
    cash numeric,
    inventory numeric,
    receivables numeric,
    total_liabilities numeric,
    current_liabilities numeric,
    long_term_debt numeric,
    total_debt numeric,
    total_equity numeric,
    retained_earnings numeric,
    shares_outstanding numeric,
    operating_cash_flow numeric,
    capital_expenditure numeric,
    free_cash_flow numeric,
    investing_cash_flow numeric,
    financing_cash_flow numeric,
    depreciation_and_amortization numeric,
    dividends_paid numeric,
    share_repurchases numeric,
    market_cap numeric,
    enterprise_value numeric,
    pe_ratio numeric,
    forward_pe numeric,
    peg_ratio numeric,
    price_to_book numeric,
    price_to_sales numeric,
    ev_to_ebitda numeric,
    dividend_yield numeric,
    payout_ratio numeric,
    beta numeric,
    gross_margin numeric,
    operating_margin numeric,
    profit_margin numeric,
    return_on_equity numeric,
    return_on_assets numeric,
    debt_to_equity numeric,
    current_ratio numeric,
    eps_ttm numeric,
    book_value_per_share numeric,
    week_52_high numeric,
    week_52_low numeric,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, statement, period_type, period_end)
);
COMMENT ON TABLE fundamentals IS 'Figures of one statement (income, balance, cash flow) or a snapshot of ratios (metrics) for one period.';
COMMENT ON COLUMN fundamentals.statement IS 'income, balance, cash_flow or metrics (ratios and market figures)';
COMMENT ON COLUMN fundamentals.period_type IS 'quarter, year, ttm (trailing twelve months) or instant';
COMMENT ON COLUMN fundamentals.period_end IS 'last day of the period; the day of the snapshot for an instant (date)';
COMMENT ON COLUMN fundamentals.fiscal_year IS 'fiscal year as the company counts it';
COMMENT ON COLUMN fundamentals.fiscal_period IS 'fiscal period label';
COMMENT ON COLUMN fundamentals.filed_on IS 'day of the filing or of the report (date)';
COMMENT ON COLUMN fundamentals.currency IS 'currency of the row (ISO 4217)';
COMMENT ON COLUMN fundamentals.revenue IS 'net sales (currency)';
COMMENT ON COLUMN fundamentals.cost_of_revenue IS 'cost of goods and services sold (currency)';
COMMENT ON COLUMN fundamentals.gross_profit IS 'revenue less cost of revenue (currency)';
COMMENT ON COLUMN fundamentals.research_and_development IS 'research and development expense (currency)';
COMMENT ON COLUMN fundamentals.operating_expenses IS 'operating expenses (currency)';
COMMENT ON COLUMN fundamentals.operating_income IS 'income from operations (currency)';
COMMENT ON COLUMN fundamentals.ebitda IS 'earnings before interest, taxes, depreciation and amortisation (currency)';
COMMENT ON COLUMN fundamentals.interest_expense IS 'interest paid on debt (currency)';
COMMENT ON COLUMN fundamentals.pretax_income IS 'income before income taxes (currency)';
COMMENT ON COLUMN fundamentals.income_tax IS 'income tax expense (currency)';
COMMENT ON COLUMN fundamentals.net_income IS 'income attributable to shareholders (currency)';
COMMENT ON COLUMN fundamentals.eps_basic IS 'net income per basic share (currency per share)';
COMMENT ON COLUMN fundamentals.eps_diluted IS 'net income per diluted share (currency per share)';
COMMENT ON COLUMN fundamentals.shares_diluted IS 'weighted average diluted shares (shares)';
COMMENT ON COLUMN fundamentals.total_assets IS 'assets (currency)';
COMMENT ON COLUMN fundamentals.current_assets IS 'assets due within a year (currency)';
COMMENT ON COLUMN fundamentals.cash IS 'cash and cash equivalents (currency)';
COMMENT ON COLUMN fundamentals.inventory IS 'inventories (currency)';
COMMENT ON COLUMN fundamentals.receivables IS 'net receivables (currency)';
COMMENT ON COLUMN fundamentals.total_liabilities IS 'liabilities (currency)';
COMMENT ON COLUMN fundamentals.current_liabilities IS 'liabilities due within a year (currency)';
COMMENT ON COLUMN fundamentals.long_term_debt IS 'debt due after a year (currency)';
COMMENT ON COLUMN fundamentals.total_debt IS 'all interest-bearing debt (currency)';
COMMENT ON COLUMN fundamentals.total_equity IS 'shareholders'' equity (currency)';
COMMENT ON COLUMN fundamentals.retained_earnings IS 'retained earnings (currency)';
COMMENT ON COLUMN fundamentals.shares_outstanding IS 'shares outstanding (shares)';
COMMENT ON COLUMN fundamentals.operating_cash_flow IS 'cash from operations (currency)';
COMMENT ON COLUMN fundamentals.capital_expenditure IS 'spent on fixed assets, as a positive number (currency)';
COMMENT ON COLUMN fundamentals.free_cash_flow IS 'operating cash flow less capital expenditure (currency)';
COMMENT ON COLUMN fundamentals.investing_cash_flow IS 'cash from investing (currency)';
COMMENT ON COLUMN fundamentals.financing_cash_flow IS 'cash from financing (currency)';
COMMENT ON COLUMN fundamentals.depreciation_and_amortization IS 'depreciation and amortisation (currency)';
COMMENT ON COLUMN fundamentals.dividends_paid IS 'paid to shareholders, as a positive number (currency)';
COMMENT ON COLUMN fundamentals.share_repurchases IS 'spent on own shares, as a positive number (currency)';
COMMENT ON COLUMN fundamentals.market_cap IS 'market capitalisation (currency)';
COMMENT ON COLUMN fundamentals.enterprise_value IS 'market capitalisation plus net debt (currency)';
COMMENT ON COLUMN fundamentals.pe_ratio IS 'price over trailing earnings per share (ratio)';
COMMENT ON COLUMN fundamentals.forward_pe IS 'price over expected earnings per share (ratio)';
COMMENT ON COLUMN fundamentals.peg_ratio IS 'price-earnings ratio over earnings growth (ratio)';
COMMENT ON COLUMN fundamentals.price_to_book IS 'price over book value per share (ratio)';
COMMENT ON COLUMN fundamentals.price_to_sales IS 'price over trailing sales per share (ratio)';
COMMENT ON COLUMN fundamentals.ev_to_ebitda IS 'enterprise value over EBITDA (ratio)';
COMMENT ON COLUMN fundamentals.dividend_yield IS 'yearly dividend over price; 0.02 is 2 per cent (fraction)';
COMMENT ON COLUMN fundamentals.payout_ratio IS 'dividends over earnings (fraction)';
COMMENT ON COLUMN fundamentals.beta IS 'sensitivity to the market (ratio)';
COMMENT ON COLUMN fundamentals.gross_margin IS 'gross profit over revenue (fraction)';
COMMENT ON COLUMN fundamentals.operating_margin IS 'operating income over revenue (fraction)';
COMMENT ON COLUMN fundamentals.profit_margin IS 'net income over revenue (fraction)';
COMMENT ON COLUMN fundamentals.return_on_equity IS 'net income over equity (fraction)';
COMMENT ON COLUMN fundamentals.return_on_assets IS 'net income over assets (fraction)';
COMMENT ON COLUMN fundamentals.debt_to_equity IS 'debt over equity; 1.5 is one and a half times (ratio)';
COMMENT ON COLUMN fundamentals.current_ratio IS 'current assets over current liabilities (ratio)';
COMMENT ON COLUMN fundamentals.eps_ttm IS 'earnings per share of the last four quarters (currency per share)';
COMMENT ON COLUMN fundamentals.book_value_per_share IS 'equity per share (currency per share)';
COMMENT ON COLUMN fundamentals.week_52_high IS 'highest price of the last 52 weeks (currency per share)';
COMMENT ON COLUMN fundamentals.week_52_low IS 'lowest price of the last 52 weeks (currency per share)';

CREATE TABLE news (
    symbol text NOT NULL,
    article_id text NOT NULL,
    published_at timestamptz NOT NULL,
    title text NOT NULL,
    url text NOT NULL,
    summary text,
    source text,
    author text,
    related_symbols text[] NOT NULL,
    sentiment numeric,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, article_id)
);
COMMENT ON TABLE news IS 'An article about a symbol.  Text is as the vendor sent it: escape it before showing it.';
COMMENT ON COLUMN news.article_id IS 'identity of the article, derived from its address without tracking parameters';
COMMENT ON COLUMN news.published_at IS 'when it was published (UTC)';
COMMENT ON COLUMN news.title IS 'headline';
COMMENT ON COLUMN news.url IS 'address of the article';
COMMENT ON COLUMN news.summary IS 'first lines or abstract';
COMMENT ON COLUMN news.source IS 'publisher';
COMMENT ON COLUMN news.author IS 'author or authors';
COMMENT ON COLUMN news.related_symbols IS 'other tickers that the vendor links to the article';
COMMENT ON COLUMN news.sentiment IS '-1 bearish to 1 bullish (score)';

CREATE TABLE economic_events (
    symbol text,
    event_date date NOT NULL,
    country text NOT NULL,
    event text NOT NULL,
    event_at timestamptz,
    period text,
    actual numeric,
    estimate numeric,
    previous numeric,
    unit text,
    importance text,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (event_date, country, event)
);
COMMENT ON TABLE economic_events IS 'One release of one figure for one country.  `symbol` is always `*`: it is about the whole market.';
COMMENT ON COLUMN economic_events.event_date IS 'day of the release (date in the country''s capital or UTC, as the vendor has it)';
COMMENT ON COLUMN economic_events.country IS 'ISO 3166 code; EU for the euro area';
COMMENT ON COLUMN economic_events.event IS 'name of the release as the vendor spells it';
COMMENT ON COLUMN economic_events.event_at IS 'time of the release; None where only the day is known (UTC)';
COMMENT ON COLUMN economic_events.period IS 'what the figure is about: Oct, Q3, 2026-10-01';
COMMENT ON COLUMN economic_events.actual IS 'released figure; None before the release (unit)';
COMMENT ON COLUMN economic_events.estimate IS 'consensus forecast (unit)';
COMMENT ON COLUMN economic_events.previous IS 'figure of the period before (unit)';
COMMENT ON COLUMN economic_events.unit IS 'unit of the figures: %, K, USD, index';
COMMENT ON COLUMN economic_events.importance IS 'how much markets usually care';


COMMENT ON COLUMN historical_prices.series_provider IS 'the vendor that the symbol''s series belongs to';
COMMENT ON COLUMN historical_prices.mixed IS 'whether the bar is from another vendor than its series';

CREATE TABLE price_series (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    provider text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, timeframe)
);
COMMENT ON TABLE price_series IS 'The vendor each price series belongs to: asked first, so that a series is no silent mix.';

CREATE TABLE rejected_records (
    provider text NOT NULL,
    data_type text NOT NULL,
    payload_hash text NOT NULL,
    reason text NOT NULL,
    payload jsonb NOT NULL,
    run_id text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    times_seen bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (data_type, provider, payload_hash)
);
COMMENT ON TABLE rejected_records IS 'Quarantine: rows that are no valid records, as parsed, with the reason.';
CREATE INDEX rejected_records_by_time ON rejected_records (last_seen_at); -- what was refused lately, and retention

-- "What do I have of this symbol lately?" for the tables whose key does not begin with the symbol.
CREATE INDEX options_chain_by_symbol ON options_chain (symbol, session);
-- "What happened on this day?" for the tables that are partitioned by it.
CREATE INDEX stock_quotes_by_session ON stock_quotes (session, symbol);
CREATE INDEX historical_prices_by_session ON historical_prices (session, timeframe);
CREATE INDEX news_by_time ON news (published_at);
