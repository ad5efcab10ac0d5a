//! Every loss of a run over its steps, with the values at which the adversarial game is even.

use std::collections::BTreeMap;
use std::f64::consts::LN_2;

use aae_models::ReconstructionLoss;
use aae_train::config::Config;
use aae_train::metrics::Line;
use aae_viz::{Curves, Panel, Picture, Reference, Series, curves};

use super::Drawing;

const RECONSTRUCTION: &str = "reconstruction";
const CLASSIFICATION: &str = "classification";

/// A panel for each kind that there is: the reconstruction loss, the classification loss, the losses of the game.
pub(crate) fn losses(config: &Config, lines: Vec<Line>, caption: &str) -> Drawing {
    let (config, caption) = (config.clone(), caption.to_owned());
    Box::new(move || draw(&config, &lines, &caption))
}

/// What the lines of a run say, each point a step and a value.
#[derive(Default)]
struct Points<'a> {
    by_loss: BTreeMap<&'a str, Vec<[f64; 2]>>,
    /// The reconstruction errors of the test images.
    test: Vec<[f64; 2]>,
}

impl<'a> Points<'a> {
    fn of(lines: &'a [Line]) -> Self {
        let mut points = Self::default();
        for line in lines {
            match line {
                Line::Train(line) => {
                    for (name, loss) in &line.losses {
                        let of_loss = points.by_loss.entry(name).or_default();
                        of_loss.push([line.step as f64, *loss]);
                    }
                }
                Line::Evaluation(line) if line.split == "test" => {
                    let point = [line.step as f64, line.reconstruction_error];
                    points.test.push(point);
                }
                Line::Evaluation(_) => {}
            }
        }
        points
    }
}

fn draw(config: &Config, lines: &[Line], caption: &str) -> anyhow::Result<Picture> {
    let Points { mut by_loss, test } = Points::of(lines);
    let reconstruction = by_loss.remove(RECONSTRUCTION).unwrap_or_default();
    let classification = by_loss.remove(CLASSIFICATION).unwrap_or_default();
    by_loss.remove("head_distance");
    let mut first = vec![Series {
        name: "training",
        color: 0,
        points: &reconstruction,
    }];
    // The reconstruction error is a mean squared error: only beside that loss does it belong.
    if config.loss.reconstruction == ReconstructionLoss::MeanSquaredError {
        first.push(Series {
            name: "test",
            color: 1,
            points: &test,
        });
    }
    let name = format!(
        "Reconstruction loss ({})",
        describe(config.loss.reconstruction)
    );
    let names: Vec<String> = by_loss.keys().map(|name| name.replace('_', " ")).collect();
    let game: Vec<Series<'_>> = names
        .iter()
        .zip(&by_loss)
        .map(|(shown, (name, points))| Series {
            name: shown,
            color: color(name),
            points,
        })
        .collect();
    let two_codes = by_loss.contains_key("style_discriminator");
    let generator = match two_codes {
        true => (2.0 * LN_2, "2 ln 2: all at equilibrium"),
        false => (LN_2, "ln 2: generator at equilibrium"),
    };
    let references: Vec<Reference<'_>> = [
        (
            "discriminator",
            2.0 * LN_2,
            "2 ln 2: discriminator at equilibrium",
        ),
        ("generator", generator.0, generator.1),
    ]
    .into_iter()
    .filter(|(name, ..)| by_loss.contains_key(name))
    .map(|(_, value, label)| Reference { value, label })
    .collect();
    let learning = [Series {
        name: "training",
        color: color(CLASSIFICATION),
        points: &classification,
    }];
    let mut panels = Vec::new();
    if config.variant.has_decoder() {
        panels.push(Panel {
            name: &name,
            series: &first,
            references: &[],
            logarithmic: true,
        });
    }
    if !classification.is_empty() {
        panels.push(Panel {
            name: "Classification loss (nats)",
            series: &learning,
            references: &[],
            logarithmic: true,
        });
    }
    if !game.is_empty() {
        panels.push(Panel {
            name: "Adversarial losses (nats)",
            series: &game,
            references: &references,
            logarithmic: false,
        });
    }
    Ok(curves(&Curves {
        title: "Losses",
        subtitle: caption,
        x_axis: "step",
        panels: &panels,
    })?)
}

/// The colour of a loss, the same in the picture of every variant; 0 and 1 are those of the reconstruction.
fn color(name: &str) -> usize {
    match name {
        "discriminator" | "style_discriminator" => 2,
        "generator" => 3,
        "label_discriminator" => 4,
        CLASSIFICATION => 8,
        // None of ours.
        _ => 9,
    }
}

fn describe(loss: ReconstructionLoss) -> &'static str {
    match loss {
        ReconstructionLoss::MeanSquaredError => "mean squared error",
        ReconstructionLoss::HalfSquaredError => "half the squared error of an image",
        ReconstructionLoss::BinaryCrossEntropy => "binary cross-entropy of an image, nats",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_losses_of_a_picture_share_a_colour() {
        for names in [
            &["discriminator", "generator"][..],
            &[
                "style_discriminator",
                "label_discriminator",
                "generator",
                CLASSIFICATION,
            ],
        ] {
            let mut colors: Vec<usize> = names.iter().map(|name| color(name)).collect();
            colors.extend([0, 1]);
            colors.sort_unstable();
            colors.dedup();
            assert_eq!(colors.len(), names.len() + 2, "{names:?}");
        }
    }
}
