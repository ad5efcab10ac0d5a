//! `aae-models`: under construction.
