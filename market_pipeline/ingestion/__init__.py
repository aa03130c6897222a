"""Ingestion: fetching, storage and tracking put together.  `market_data` is the one door to the outside."""
