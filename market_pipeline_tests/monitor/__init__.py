"""Tests of the monitor: its API, its pages, who may use it."""
