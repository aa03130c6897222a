"""Enrichment: symbols brought up to date one by one, a few at a time: prices, features of them, their quality."""
