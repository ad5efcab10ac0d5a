//! Pictures of latent spaces: slices in, picture out. The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]

mod axes;
mod canvas;
mod curves;
mod error;
mod grid;
mod header;
mod images;
mod legend;
mod manifold;
mod mosaic;
mod palette;
mod picture;
mod range;
mod scatter;
mod text;

pub use curves::{Curves, Panel, Reference, Series, curves};
pub use error::VizError;
pub use grid::{GridLabels, Row, comparison, grid};
pub use images::Images;
pub use manifold::{Manifold, manifold};
pub use picture::{Picture, encode_png};
pub use scatter::{Scatter, scatter};
