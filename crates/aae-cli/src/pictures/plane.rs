//! The latent plane, decoded cell by cell: a row for codes of one dimension, the first two dimensions of longer ones.

use aae_models::Autoencoder;
use aae_models::prior::PriorConfig;
use aae_viz::{Images, Manifold, manifold};

use super::{Drawing, Subject, along, decode};

/// Steps along an axis, where images are not so large that fewer make a large picture.
const STEPS: usize = 20;
/// The fewest that show a plane.
const FEWEST_STEPS: usize = 3;

/// Which codes are decoded: along each axis `steps` of them from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) steps: usize,
}

impl Grid {
    /// Where most of the prior is, along each axis: two standard deviations, or its support. Twenty steps, or fewer of large images;
    /// `image` is the height and width of one.
    pub(crate) fn around(prior: &PriorConfig, image: (usize, usize)) -> Self {
        let (low, high) = match *prior {
            PriorConfig::Gaussian { mean, std } => (mean - 2.0 * std, mean + 2.0 * std),
            PriorConfig::Uniform { low, high } => (low, high),
            PriorConfig::Gamma { shape, scale } => (0.0, scale * (shape + 2.0 * shape.sqrt())),
            PriorConfig::Laplace { mean, scale } => {
                let reach = 2.0 * std::f64::consts::SQRT_2 * scale;
                (mean - reach, mean + reach)
            }
            PriorConfig::GaussianMixture {
                radius, std_radial, ..
            } => {
                let reach = radius.abs() + 2.0 * std_radial;
                (-reach, reach)
            }
            PriorConfig::SwissRoll { radius, .. } => (-radius, radius),
        };
        Self {
            low,
            high,
            steps: along(image, FEWEST_STEPS, STEPS),
        }
    }

    /// As [`around`](Self::around); with cluster heads, around all of them.
    pub(crate) fn around_model(
        autoencoder: &Autoencoder,
        prior: &PriorConfig,
    ) -> candle_core::Result<Self> {
        let image = autoencoder.image();
        let around = Self::around(prior, (image.height, image.width));
        let Some(heads) = autoencoder.decoder().heads() else {
            return Ok(around);
        };
        let heads = heads.detach().flatten_all()?.to_vec1::<f32>()?;
        let reach = heads.iter().fold(0f32, |reach, x| reach.max(x.abs()));
        let reach = f64::from(reach);
        Ok(Self {
            low: around.low - reach,
            high: around.high + reach,
            ..around
        })
    }

    /// As `--grid` takes it, in three digits, and `--steps` if they are not the twenty that it has without.
    pub(crate) fn argument(self) -> String {
        let places = (2.0 - (self.high - self.low).log10().floor()).clamp(0.0, 9.0) as usize;
        // Read again, it has no noughts at its end and no negative nought.
        let end = |value: f64| {
            let text = format!("{value:.places$}");
            text.parse::<f64>().unwrap_or(value) + 0.0
        };
        let steps = match self.steps {
            STEPS => String::new(),
            steps => format!(" --steps {steps}"),
        };
        format!("{}..{}{steps}", end(self.low), end(self.high))
    }

    /// The values along an axis; a single one lies in the middle.
    fn values(self) -> Vec<f64> {
        let width = self.high - self.low;
        match self.steps {
            1 => vec![self.low + width / 2.0],
            steps => (0..steps)
                .map(|i| self.low + width * i as f64 / (steps - 1) as f64)
                .collect(),
        }
    }
}

/// The images of a grid of codes, z₁ to the right and z₂ upwards, of `label` or what stands for it; further dimensions are 0. A decoder
/// with cluster heads, told nothing, shows the plane in which the heads lie.
pub(crate) fn plane(
    subject: &Subject<'_>,
    grid: Grid,
    label: Option<u8>,
) -> anyhow::Result<Drawing> {
    let dim = subject.autoencoder.latent_dim();
    let x = grid.values();
    // One dimension is one row, and nothing to measure upwards.
    let y = if dim == 1 { vec![0.0] } else { grid.values() };
    let codes = plane_codes(&x, &y, dim);
    let told = subject.told_of_codes(label);
    let pixels = decode(subject.autoencoder, &codes, told)?;
    let image = subject.autoencoder.image();
    let ends = |values: &[f64]| [values[0], values[values.len() - 1]];
    let title = match dim {
        1 => "The latent line, decoded",
        2 => "The latent plane, decoded",
        _ => "The plane of z₁ and z₂, decoded",
    };
    let caption = subject.caption_with(told);
    let subtitle = match dim {
        1 | 2 => caption,
        _ => format!("{caption} · the other {} dimensions are 0", dim - 2),
    };
    Ok(Box::new(move || {
        Ok(manifold(&Manifold {
            images: Images::new(&pixels, image.height, image.width)?,
            rows: y.len(),
            columns: x.len(),
            x: ends(&x),
            y: ends(&y),
            axes: if dim == 1 {
                ["z", ""]
            } else {
                ["z₁", "z₂"]
            },
            title,
            subtitle: &subtitle,
        })?)
    }))
}

/// The codes `[y, x, dim]` of these values of z₁ and z₂, row-major; further dimensions are 0.
fn plane_codes(x: &[f64], y: &[f64], dim: usize) -> Vec<f32> {
    let mut codes = Vec::with_capacity(x.len() * y.len() * dim);
    for y in y {
        for x in x {
            let code = [*x as f32, *y as f32]
                .into_iter()
                .chain(std::iter::repeat(0.0));
            codes.extend(code.take(dim));
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_prior_is_seen_from_minus_ten_to_ten() {
        let prior = PriorConfig::Gaussian {
            mean: 0.0,
            std: 5.0,
        };
        let grid = Grid::around(&prior, (28, 28));
        assert_eq!((grid.low, grid.high, grid.steps), (-10.0, 10.0, 20));
        assert_eq!(grid.argument(), "-10..10");
        // Of large images in fewer steps, and so by hand.
        let large = Grid::around(&prior, (20, 300));
        assert_eq!((large.low, large.high, large.steps), (-10.0, 10.0, 8));
        assert_eq!(large.argument(), "-10..10 --steps 8");
    }

    #[test]
    fn a_grid_is_written_as_the_flag_takes_it() {
        let written = |low, high| {
            let steps = 20;
            Grid { low, high, steps }.argument()
        };
        assert_eq!(written(-10.0, 10.0), "-10..10");
        assert_eq!(written(-0.0, 9.656_854_249), "0..9.66");
        assert_eq!(written(-12.5, 12.5), "-12.5..12.5");
        assert_eq!(written(5.0, 5.000_1), "5..5.0001");
    }

    #[test]
    fn values_reach_from_end_to_end() {
        let grid = |steps| Grid {
            low: -1.0,
            high: 3.0,
            steps,
        };
        assert_eq!(grid(3).values(), [-1.0, 1.0, 3.0]);
        assert_eq!(grid(1).values(), [1.0]);
    }

    #[test]
    fn the_first_dimension_grows_along_a_row_and_the_second_from_row_to_row() {
        let (x, y) = ([1.0, 2.0, 3.0], [10.0, 20.0]);
        assert_eq!(
            plane_codes(&x, &y, 3).chunks(3).collect::<Vec<_>>(),
            [
                [1.0, 10.0, 0.0],
                [2.0, 10.0, 0.0],
                [3.0, 10.0, 0.0],
                [1.0, 20.0, 0.0],
                [2.0, 20.0, 0.0],
                [3.0, 20.0, 0.0],
            ]
        );
        assert_eq!(plane_codes(&x, &[0.0], 1), [1.0, 2.0, 3.0]);
    }
}
