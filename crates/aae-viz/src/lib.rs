//! `aae-viz`: under construction.
