-- The schema after all migrations, for reading. Written by `market-pipeline db dump`, never by hand.

CREATE TABLE public.company_info (
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
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.company_info IS 'A company''s profile: name, listing, industry, size and where to read more.';

COMMENT ON COLUMN public.company_info.name IS 'registered or usual name';

COMMENT ON COLUMN public.company_info.exchange IS 'listing venue as the vendor spells it';

COMMENT ON COLUMN public.company_info.asset_class IS 'stock, etf, fund, index, currency or crypto';

COMMENT ON COLUMN public.company_info.sector IS 'sector as the vendor spells it';

COMMENT ON COLUMN public.company_info.industry IS 'industry as the vendor spells it';

COMMENT ON COLUMN public.company_info.country IS 'country of incorporation or headquarters, as the vendor spells it';

COMMENT ON COLUMN public.company_info.currency IS 'currency of the listing and of market_cap (ISO 4217)';

COMMENT ON COLUMN public.company_info.market_cap IS 'market capitalisation (currency)';

COMMENT ON COLUMN public.company_info.shares_outstanding IS 'shares outstanding (shares)';

COMMENT ON COLUMN public.company_info.employees IS 'full-time employees (people)';

COMMENT ON COLUMN public.company_info.ceo IS 'chief executive';

COMMENT ON COLUMN public.company_info.website IS 'home page';

COMMENT ON COLUMN public.company_info.description IS 'what the company does';

COMMENT ON COLUMN public.company_info.address IS 'street, city, state and post code in one line';

COMMENT ON COLUMN public.company_info.phone IS 'telephone';

COMMENT ON COLUMN public.company_info.ipo_date IS 'first day of trading (date)';

COMMENT ON COLUMN public.company_info.fiscal_year_end IS 'last month of the fiscal year, in English: September';

COMMENT ON COLUMN public.company_info.cik IS 'SEC central index key, ten digits';

COMMENT ON COLUMN public.company_info.isin IS 'international securities identification number';

COMMENT ON COLUMN public.company_info.figi IS 'financial instrument global identifier';

CREATE TABLE public.database_world (
    only_row boolean DEFAULT true NOT NULL,
    world text NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT database_world_only_row_check CHECK (only_row)
);

COMMENT ON TABLE public.database_world IS 'Which world the rows are from, live or simulated:SEED; the two are never mixed.';

CREATE TABLE public.dividends (
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
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.dividends IS 'A cash dividend.  What a company pays on one ex-date is one row; parsers add up parts of it.';

COMMENT ON COLUMN public.dividends.ex_date IS 'first day on which a buyer no longer gets the dividend (exchange-local date)';

COMMENT ON COLUMN public.dividends.amount IS 'cash per share (currency per share)';

COMMENT ON COLUMN public.dividends.adjustment IS 'raw as declared, or divided by later splits';

COMMENT ON COLUMN public.dividends.kind IS 'regular or special, where the vendor says so';

COMMENT ON COLUMN public.dividends.declaration_date IS 'day of the announcement (date)';

COMMENT ON COLUMN public.dividends.record_date IS 'holders of this day are paid (date)';

COMMENT ON COLUMN public.dividends.pay_date IS 'day of the payment (date)';

COMMENT ON COLUMN public.dividends.frequency IS 'payments per year; 0 for a one-off';

COMMENT ON COLUMN public.dividends.currency IS 'currency of the amount (ISO 4217)';

CREATE TABLE public.earnings (
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
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.earnings IS 'What a company earned in a quarter, what analysts expected, and when it was or will be reported.';

COMMENT ON COLUMN public.earnings.calendar_quarter IS 'calendar quarter of the middle of the period: 2026Q3';

COMMENT ON COLUMN public.earnings.period_end IS 'last day of the fiscal quarter (date)';

COMMENT ON COLUMN public.earnings.fiscal_year IS 'fiscal year as the company counts it';

COMMENT ON COLUMN public.earnings.fiscal_quarter IS 'fiscal quarter, 1 to 4';

COMMENT ON COLUMN public.earnings.report_date IS 'day of the report, past or expected (exchange-local date)';

COMMENT ON COLUMN public.earnings.report_time IS 'before market open, after market close, during market hours';

COMMENT ON COLUMN public.earnings.eps_estimate IS 'analysts'' consensus of earnings per share (currency per share)';

COMMENT ON COLUMN public.earnings.eps_actual IS 'reported earnings per share; None before the report (currency per share)';

COMMENT ON COLUMN public.earnings.surprise_percent IS '(actual - estimate) / |estimate| (percent)';

COMMENT ON COLUMN public.earnings.revenue_estimate IS 'analysts'' consensus of revenue (currency)';

COMMENT ON COLUMN public.earnings.revenue_actual IS 'reported revenue (currency)';

COMMENT ON COLUMN public.earnings.currency IS 'currency of the row (ISO 4217)';

CREATE TABLE public.economic_events (
    symbol text,
    event_date date NOT NULL,
    country text NOT NULL,
    event text NOT NULL,
    event_at timestamp with time zone,
    period text,
    actual numeric,
    estimate numeric,
    previous numeric,
    unit text,
    importance text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.economic_events IS 'One release of one figure for one country.  `symbol` is always `*`: it is about the whole market.';

COMMENT ON COLUMN public.economic_events.event_date IS 'day of the release (date in the country''s capital or UTC, as the vendor has it)';

COMMENT ON COLUMN public.economic_events.country IS 'ISO 3166 code; EU for the euro area';

COMMENT ON COLUMN public.economic_events.event IS 'name of the release as the vendor spells it';

COMMENT ON COLUMN public.economic_events.event_at IS 'time of the release; None where only the day is known (UTC)';

COMMENT ON COLUMN public.economic_events.period IS 'what the figure is about: Oct, Q3, 2026-10-01';

COMMENT ON COLUMN public.economic_events.actual IS 'released figure; None before the release (unit)';

COMMENT ON COLUMN public.economic_events.estimate IS 'consensus forecast (unit)';

COMMENT ON COLUMN public.economic_events.previous IS 'figure of the period before (unit)';

COMMENT ON COLUMN public.economic_events.unit IS 'unit of the figures: %, K, USD, index';

COMMENT ON COLUMN public.economic_events.importance IS 'how much markets usually care';

CREATE TABLE public.failed_symbols (
    data_type text NOT NULL,
    symbol text NOT NULL,
    partition_key text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    first_failed_at timestamp with time zone NOT NULL,
    last_failed_at timestamp with time zone NOT NULL,
    next_retry_at timestamp with time zone,
    errors jsonb NOT NULL,
    run_id text NOT NULL,
    CONSTRAINT failed_symbols_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'exhausted'::text, 'unknown'::text])))
);

COMMENT ON TABLE public.failed_symbols IS 'Symbols that no vendor answered for: retried after 5, 15 and 60 minutes, then exhausted; cleared by success.';

COMMENT ON COLUMN public.failed_symbols.state IS 'waiting for next_retry_at, exhausted after the last retry, or unknown to every vendor (not retried)';

COMMENT ON COLUMN public.failed_symbols.errors IS 'last error by vendor: {"finnhub": "unavailable: HTTP 503"}';

CREATE TABLE public.fetch_attempts (
    attempt_id bigint NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    data_type text NOT NULL,
    provider text NOT NULL,
    endpoint text NOT NULL,
    symbols text[] NOT NULL,
    outcome text NOT NULL,
    http_status smallint,
    response_time_ms real NOT NULL,
    records integer DEFAULT 0 NOT NULL,
    rejected integer DEFAULT 0 NOT NULL,
    retry_after_seconds real,
    error_message text,
    sample text,
    CONSTRAINT fetch_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'rate_limited'::text, 'unavailable'::text, 'malformed'::text, 'authentication'::text, 'not_entitled'::text, 'unknown_symbol'::text, 'no_data'::text])))
);

COMMENT ON TABLE public.fetch_attempts IS 'One row per call to a vendor: what was asked, how long it took, what came of it.';

COMMENT ON COLUMN public.fetch_attempts.sample IS 'first characters of an answer that could not be read';

ALTER TABLE public.fetch_attempts ALTER COLUMN attempt_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.fetch_attempts_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.fundamentals (
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
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.fundamentals IS 'Figures of one statement (income, balance, cash flow) or a snapshot of ratios (metrics) for one period.';

COMMENT ON COLUMN public.fundamentals.statement IS 'income, balance, cash_flow or metrics (ratios and market figures)';

COMMENT ON COLUMN public.fundamentals.period_type IS 'quarter, year, ttm (trailing twelve months) or instant';

COMMENT ON COLUMN public.fundamentals.period_end IS 'last day of the period; the day of the snapshot for an instant (date)';

COMMENT ON COLUMN public.fundamentals.fiscal_year IS 'fiscal year as the company counts it';

COMMENT ON COLUMN public.fundamentals.fiscal_period IS 'fiscal period label';

COMMENT ON COLUMN public.fundamentals.filed_on IS 'day of the filing or of the report (date)';

COMMENT ON COLUMN public.fundamentals.currency IS 'currency of the row (ISO 4217)';

COMMENT ON COLUMN public.fundamentals.revenue IS 'net sales (currency)';

COMMENT ON COLUMN public.fundamentals.cost_of_revenue IS 'cost of goods and services sold (currency)';

COMMENT ON COLUMN public.fundamentals.gross_profit IS 'revenue less cost of revenue (currency)';

COMMENT ON COLUMN public.fundamentals.research_and_development IS 'research and development expense (currency)';

COMMENT ON COLUMN public.fundamentals.operating_expenses IS 'operating expenses (currency)';

COMMENT ON COLUMN public.fundamentals.operating_income IS 'income from operations (currency)';

COMMENT ON COLUMN public.fundamentals.ebitda IS 'earnings before interest, taxes, depreciation and amortisation (currency)';

COMMENT ON COLUMN public.fundamentals.interest_expense IS 'interest paid on debt (currency)';

COMMENT ON COLUMN public.fundamentals.pretax_income IS 'income before income taxes (currency)';

COMMENT ON COLUMN public.fundamentals.income_tax IS 'income tax expense (currency)';

COMMENT ON COLUMN public.fundamentals.net_income IS 'income attributable to shareholders (currency)';

COMMENT ON COLUMN public.fundamentals.eps_basic IS 'net income per basic share (currency per share)';

COMMENT ON COLUMN public.fundamentals.eps_diluted IS 'net income per diluted share (currency per share)';

COMMENT ON COLUMN public.fundamentals.shares_diluted IS 'weighted average diluted shares (shares)';

COMMENT ON COLUMN public.fundamentals.total_assets IS 'assets (currency)';

COMMENT ON COLUMN public.fundamentals.current_assets IS 'assets due within a year (currency)';

COMMENT ON COLUMN public.fundamentals.cash IS 'cash and cash equivalents (currency)';

COMMENT ON COLUMN public.fundamentals.inventory IS 'inventories (currency)';

COMMENT ON COLUMN public.fundamentals.receivables IS 'net receivables (currency)';

COMMENT ON COLUMN public.fundamentals.total_liabilities IS 'liabilities (currency)';

COMMENT ON COLUMN public.fundamentals.current_liabilities IS 'liabilities due within a year (currency)';

COMMENT ON COLUMN public.fundamentals.long_term_debt IS 'debt due after a year (currency)';

COMMENT ON COLUMN public.fundamentals.total_debt IS 'all interest-bearing debt (currency)';

COMMENT ON COLUMN public.fundamentals.total_equity IS 'shareholders'' equity (currency)';

COMMENT ON COLUMN public.fundamentals.retained_earnings IS 'retained earnings (currency)';

COMMENT ON COLUMN public.fundamentals.shares_outstanding IS 'shares outstanding (shares)';

COMMENT ON COLUMN public.fundamentals.operating_cash_flow IS 'cash from operations (currency)';

COMMENT ON COLUMN public.fundamentals.capital_expenditure IS 'spent on fixed assets, as a positive number (currency)';

COMMENT ON COLUMN public.fundamentals.free_cash_flow IS 'operating cash flow less capital expenditure (currency)';

COMMENT ON COLUMN public.fundamentals.investing_cash_flow IS 'cash from investing (currency)';

COMMENT ON COLUMN public.fundamentals.financing_cash_flow IS 'cash from financing (currency)';

COMMENT ON COLUMN public.fundamentals.depreciation_and_amortization IS 'depreciation and amortisation (currency)';

COMMENT ON COLUMN public.fundamentals.dividends_paid IS 'paid to shareholders, as a positive number (currency)';

COMMENT ON COLUMN public.fundamentals.share_repurchases IS 'spent on own shares, as a positive number (currency)';

COMMENT ON COLUMN public.fundamentals.market_cap IS 'market capitalisation (currency)';

COMMENT ON COLUMN public.fundamentals.enterprise_value IS 'market capitalisation plus net debt (currency)';

COMMENT ON COLUMN public.fundamentals.pe_ratio IS 'price over trailing earnings per share (ratio)';

COMMENT ON COLUMN public.fundamentals.forward_pe IS 'price over expected earnings per share (ratio)';

COMMENT ON COLUMN public.fundamentals.peg_ratio IS 'price-earnings ratio over earnings growth (ratio)';

COMMENT ON COLUMN public.fundamentals.price_to_book IS 'price over book value per share (ratio)';

COMMENT ON COLUMN public.fundamentals.price_to_sales IS 'price over trailing sales per share (ratio)';

COMMENT ON COLUMN public.fundamentals.ev_to_ebitda IS 'enterprise value over EBITDA (ratio)';

COMMENT ON COLUMN public.fundamentals.dividend_yield IS 'yearly dividend over price; 0.02 is 2 per cent (fraction)';

COMMENT ON COLUMN public.fundamentals.payout_ratio IS 'dividends over earnings (fraction)';

COMMENT ON COLUMN public.fundamentals.beta IS 'sensitivity to the market (ratio)';

COMMENT ON COLUMN public.fundamentals.gross_margin IS 'gross profit over revenue (fraction)';

COMMENT ON COLUMN public.fundamentals.operating_margin IS 'operating income over revenue (fraction)';

COMMENT ON COLUMN public.fundamentals.profit_margin IS 'net income over revenue (fraction)';

COMMENT ON COLUMN public.fundamentals.return_on_equity IS 'net income over equity (fraction)';

COMMENT ON COLUMN public.fundamentals.return_on_assets IS 'net income over assets (fraction)';

COMMENT ON COLUMN public.fundamentals.debt_to_equity IS 'debt over equity; 1.5 is one and a half times (ratio)';

COMMENT ON COLUMN public.fundamentals.current_ratio IS 'current assets over current liabilities (ratio)';

COMMENT ON COLUMN public.fundamentals.eps_ttm IS 'earnings per share of the last four quarters (currency per share)';

COMMENT ON COLUMN public.fundamentals.book_value_per_share IS 'equity per share (currency per share)';

COMMENT ON COLUMN public.fundamentals.week_52_high IS 'highest price of the last 52 weeks (currency per share)';

COMMENT ON COLUMN public.fundamentals.week_52_low IS 'lowest price of the last 52 weeks (currency per share)';

CREATE TABLE public.historical_prices (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    bar_start timestamp with time zone NOT NULL,
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
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    series_provider text NOT NULL,
    mixed boolean GENERATED ALWAYS AS ((provider <> series_provider)) STORED
);

COMMENT ON TABLE public.historical_prices IS 'Open, high, low, close and volume of one bar, with what its prices are adjusted for.';

COMMENT ON COLUMN public.historical_prices.timeframe IS 'length of the bar: 1d or 1h';

COMMENT ON COLUMN public.historical_prices.bar_start IS 'start of the bar; a daily bar starts at midnight of the exchange (UTC)';

COMMENT ON COLUMN public.historical_prices.session IS 'trading day of the bar (exchange-local date)';

COMMENT ON COLUMN public.historical_prices.adjustment IS 'what the prices are adjusted for: raw, split or split_dividend';

COMMENT ON COLUMN public.historical_prices.open IS 'first trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.high IS 'highest trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.low IS 'lowest trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.close IS 'last trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.adjusted_close IS 'close adjusted for splits and dividends (currency per share)';

COMMENT ON COLUMN public.historical_prices.volume IS 'shares traded; fractional where the vendor adjusts it (shares)';

COMMENT ON COLUMN public.historical_prices.vwap IS 'volume-weighted average price (currency per share)';

COMMENT ON COLUMN public.historical_prices.trades IS 'number of trades';

COMMENT ON COLUMN public.historical_prices.dividend IS 'cash dividend with this ex-date (currency per share)';

COMMENT ON COLUMN public.historical_prices.split_factor IS 'new shares per old share on this day; 1 on an ordinary day (ratio)';

COMMENT ON COLUMN public.historical_prices.currency IS 'currency of every price in the row (ISO 4217)';

COMMENT ON COLUMN public.historical_prices.series_provider IS 'the vendor that the symbol''s series belongs to';

COMMENT ON COLUMN public.historical_prices.mixed IS 'whether the bar is from another vendor than its series';

CREATE TABLE public.news (
    symbol text NOT NULL,
    article_id text NOT NULL,
    published_at timestamp with time zone NOT NULL,
    title text NOT NULL,
    url text NOT NULL,
    summary text,
    source text,
    author text,
    related_symbols text[] NOT NULL,
    sentiment numeric,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.news IS 'An article about a symbol.  Text is as the vendor sent it: escape it before showing it.';

COMMENT ON COLUMN public.news.article_id IS 'identity of the article, derived from its address without tracking parameters';

COMMENT ON COLUMN public.news.published_at IS 'when it was published (UTC)';

COMMENT ON COLUMN public.news.title IS 'headline';

COMMENT ON COLUMN public.news.url IS 'address of the article';

COMMENT ON COLUMN public.news.summary IS 'first lines or abstract';

COMMENT ON COLUMN public.news.source IS 'publisher';

COMMENT ON COLUMN public.news.author IS 'author or authors';

COMMENT ON COLUMN public.news.related_symbols IS 'other tickers that the vendor links to the article';

COMMENT ON COLUMN public.news.sentiment IS '-1 bearish to 1 bullish (score)';

CREATE TABLE public.options_chain (
    symbol text NOT NULL,
    contract_symbol text NOT NULL,
    session date NOT NULL,
    expiration date NOT NULL,
    option_type text NOT NULL,
    strike numeric NOT NULL,
    bid numeric,
    ask numeric,
    last_price numeric,
    last_trade_at timestamp with time zone,
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
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.options_chain IS 'One listed option as it stood when the chain was read.  `symbol` is the underlying.';

COMMENT ON COLUMN public.options_chain.contract_symbol IS 'OCC symbol without padding: AAPL261218C00200000';

COMMENT ON COLUMN public.options_chain.session IS 'trading day of the snapshot (exchange-local date)';

COMMENT ON COLUMN public.options_chain.expiration IS 'last day of the contract (exchange-local date)';

COMMENT ON COLUMN public.options_chain.option_type IS 'call or put';

COMMENT ON COLUMN public.options_chain.strike IS 'exercise price (currency per share)';

COMMENT ON COLUMN public.options_chain.bid IS 'best bid (currency per share)';

COMMENT ON COLUMN public.options_chain.ask IS 'best offer (currency per share)';

COMMENT ON COLUMN public.options_chain.last_price IS 'last trade (currency per share)';

COMMENT ON COLUMN public.options_chain.last_trade_at IS 'time of the last trade (UTC)';

COMMENT ON COLUMN public.options_chain.volume IS 'contracts traded in the session (contracts)';

COMMENT ON COLUMN public.options_chain.open_interest IS 'contracts outstanding (contracts)';

COMMENT ON COLUMN public.options_chain.implied_volatility IS 'annualised; 0.25 is 25 per cent (fraction)';

COMMENT ON COLUMN public.options_chain.delta IS 'change of the option''s price per unit of the underlying''s';

COMMENT ON COLUMN public.options_chain.gamma IS 'change of delta per unit of the underlying''s price';

COMMENT ON COLUMN public.options_chain.theta IS 'change of the option''s price per calendar day (currency per day)';

COMMENT ON COLUMN public.options_chain.vega IS 'change of the option''s price per percentage point of volatility (currency)';

COMMENT ON COLUMN public.options_chain.rho IS 'change of the option''s price per percentage point of interest rate (currency)';

COMMENT ON COLUMN public.options_chain.in_the_money IS 'whether exercising at the underlying''s price would pay';

COMMENT ON COLUMN public.options_chain.underlying_price IS 'the underlying at the time of the snapshot (currency per share)';

COMMENT ON COLUMN public.options_chain.currency IS 'currency of every price in the row (ISO 4217)';

CREATE TABLE public.price_series (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    provider text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.price_series IS 'The vendor each price series belongs to: asked first, so that a series is no silent mix.';

CREATE TABLE public.provider_stats (
    provider text NOT NULL,
    data_type text NOT NULL,
    total_attempts bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    rate_limited bigint DEFAULT 0 NOT NULL,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    total_response_time_ms double precision DEFAULT 0 NOT NULL,
    records bigint DEFAULT 0 NOT NULL,
    last_attempt_at timestamp with time zone,
    last_success_at timestamp with time zone,
    last_failure_at timestamp with time zone,
    last_error text
);

COMMENT ON TABLE public.provider_stats IS 'Running totals of fetch_attempts per vendor and data type; an unknown symbol or no data is no failure.';

CREATE TABLE public.rejected_records (
    provider text NOT NULL,
    data_type text NOT NULL,
    payload_hash text NOT NULL,
    reason text NOT NULL,
    payload jsonb NOT NULL,
    run_id text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    times_seen bigint DEFAULT 1 NOT NULL
);

COMMENT ON TABLE public.rejected_records IS 'Quarantine: rows that are no valid records, as parsed, with the reason.';

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.schema_migrations IS 'The migrations applied to this database.';

CREATE TABLE public.schema_objects (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.schema_objects IS 'The functions and views of this database, as last created or replaced.';

CREATE TABLE public.stock_quotes (
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
    as_of timestamp with time zone NOT NULL,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.stock_quotes IS 'The last trade of a share and the day around it, at the time the vendor states.';

COMMENT ON COLUMN public.stock_quotes.session IS 'trading day of the quote (exchange-local date)';

COMMENT ON COLUMN public.stock_quotes.price IS 'last trade (currency per share)';

COMMENT ON COLUMN public.stock_quotes.bid IS 'best bid; 0 where nobody bids (currency per share)';

COMMENT ON COLUMN public.stock_quotes.ask IS 'best offer; 0 where nobody offers (currency per share)';

COMMENT ON COLUMN public.stock_quotes.bid_size IS 'shares bid for (shares)';

COMMENT ON COLUMN public.stock_quotes.ask_size IS 'shares offered (shares)';

COMMENT ON COLUMN public.stock_quotes.open IS 'first trade of the session (currency per share)';

COMMENT ON COLUMN public.stock_quotes.high IS 'highest trade of the session (currency per share)';

COMMENT ON COLUMN public.stock_quotes.low IS 'lowest trade of the session (currency per share)';

COMMENT ON COLUMN public.stock_quotes.previous_close IS 'close of the session before (currency per share)';

COMMENT ON COLUMN public.stock_quotes.change IS 'price less previous close (currency per share)';

COMMENT ON COLUMN public.stock_quotes.change_percent IS 'change over previous close; 1.5 is one and a half per cent (percent)';

COMMENT ON COLUMN public.stock_quotes.volume IS 'shares traded in the session so far (shares)';

COMMENT ON COLUMN public.stock_quotes.currency IS 'currency of every price in the row (ISO 4217)';

COMMENT ON COLUMN public.stock_quotes.market_state IS 'what the exchange was doing: pre, regular, post or closed';

CREATE TABLE public.tracked_symbols (
    symbol text NOT NULL,
    name text,
    asset_class text DEFAULT 'stock'::text NOT NULL,
    exchange text,
    sector text,
    industry text,
    indices text[] DEFAULT '{}'::text[] NOT NULL,
    timeframes text[] DEFAULT '{1d}'::text[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.tracked_symbols IS 'The universe: what is fetched while active; removing a symbol deactivates it and keeps its data.';

ALTER TABLE ONLY public.company_info
    ADD CONSTRAINT company_info_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY public.database_world
    ADD CONSTRAINT database_world_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.dividends
    ADD CONSTRAINT dividends_pkey PRIMARY KEY (symbol, ex_date);

ALTER TABLE ONLY public.earnings
    ADD CONSTRAINT earnings_pkey PRIMARY KEY (symbol, calendar_quarter);

ALTER TABLE ONLY public.economic_events
    ADD CONSTRAINT economic_events_pkey PRIMARY KEY (event_date, country, event);

ALTER TABLE ONLY public.failed_symbols
    ADD CONSTRAINT failed_symbols_pkey PRIMARY KEY (data_type, symbol, partition_key);

ALTER TABLE ONLY public.fetch_attempts
    ADD CONSTRAINT fetch_attempts_pkey PRIMARY KEY (attempt_id);

ALTER TABLE ONLY public.fundamentals
    ADD CONSTRAINT fundamentals_pkey PRIMARY KEY (symbol, statement, period_type, period_end);

ALTER TABLE ONLY public.historical_prices
    ADD CONSTRAINT historical_prices_pkey PRIMARY KEY (symbol, timeframe, adjustment, bar_start);

ALTER TABLE ONLY public.news
    ADD CONSTRAINT news_pkey PRIMARY KEY (symbol, article_id);

ALTER TABLE ONLY public.options_chain
    ADD CONSTRAINT options_chain_pkey PRIMARY KEY (session, contract_symbol);

ALTER TABLE ONLY public.price_series
    ADD CONSTRAINT price_series_pkey PRIMARY KEY (symbol, timeframe);

ALTER TABLE ONLY public.provider_stats
    ADD CONSTRAINT provider_stats_pkey PRIMARY KEY (provider, data_type);

ALTER TABLE ONLY public.rejected_records
    ADD CONSTRAINT rejected_records_pkey PRIMARY KEY (data_type, provider, payload_hash);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.schema_objects
    ADD CONSTRAINT schema_objects_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.stock_quotes
    ADD CONSTRAINT stock_quotes_pkey PRIMARY KEY (symbol, as_of);

ALTER TABLE ONLY public.tracked_symbols
    ADD CONSTRAINT tracked_symbols_pkey PRIMARY KEY (symbol);

CREATE INDEX failed_symbols_due ON public.failed_symbols USING btree (data_type, next_retry_at) WHERE (state = 'waiting'::text);

CREATE INDEX fetch_attempts_by_provider ON public.fetch_attempts USING btree (provider, data_type, attempted_at);

CREATE INDEX fetch_attempts_by_run ON public.fetch_attempts USING btree (run_id);

CREATE INDEX fetch_attempts_by_time ON public.fetch_attempts USING btree (attempted_at);

CREATE INDEX historical_prices_by_session ON public.historical_prices USING btree (session, timeframe);

CREATE INDEX news_by_time ON public.news USING btree (published_at);

CREATE INDEX options_chain_by_symbol ON public.options_chain USING btree (symbol, session);

CREATE INDEX rejected_records_by_time ON public.rejected_records USING btree (last_seen_at);

CREATE INDEX stock_quotes_by_session ON public.stock_quotes USING btree (session, symbol);
