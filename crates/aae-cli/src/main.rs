//! The `aae` program.
fn main() {}
