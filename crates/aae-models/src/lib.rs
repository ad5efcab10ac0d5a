//! `aae-models`: under construction.

pub mod prior;
