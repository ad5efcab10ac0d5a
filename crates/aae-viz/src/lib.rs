//! Pictures of latent spaces: grids of images, decoded manifolds, coloured codes and loss curves.
//!
//! Slices in, picture out: the crate knows no tensor, no model and no file. Each function returns a
//! [`Picture`], and [`encode_png`] turns it into bytes, the same bytes for the same input, which the
//! caller writes as durably as it likes. All text is set in a typeface that is built in, so no system
//! fonts are needed.
//!
//! | picture | function |
//! |---|---|
//! | samples, any images in rows and columns | [`grid`] |
//! | originals above their reconstructions, several runs beside each other | [`comparison`] |
//! | a plane of the latent space, decoded | [`manifold`] |
//! | codes coloured by label, with the prior drawn over them | [`scatter`] |
//! | losses over training steps | [`curves`] |
//!
//! ```
//! use aae_viz::{GridLabels, Images, encode_png, grid};
//!
//! let pixels = vec![0.5_f32; 6 * 28 * 28];
//! let images = Images::new(&pixels, 28, 28)?;
//! let picture = grid(&images, 3, &GridLabels { title: "six samples", ..GridLabels::default() })?;
//! let png: Vec<u8> = encode_png(&picture)?;
//! assert!(png.starts_with(b"\x89PNG"));
//! # Ok::<(), aae_viz::VizError>(())
//! ```

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
