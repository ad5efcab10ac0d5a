//! Every loss of a run over its steps, with the values at which the adversarial game is even.

use std::collections::BTreeMap;
use std::f64::consts::LN_2;

use aae_models::ReconstructionLoss;
use aae_train::config::Config;
use aae_train::metrics::Line;
use aae_viz::{Curves, Panel, Picture, Reference, Series, curves};

const RECONSTRUCTION: &str = "reconstruction";

/// Two panels, or one without an adversary: the reconstruction loss, and the losses of the game.
pub(crate) fn losses(config: &Config, lines: &[Line], caption: &str) -> anyhow::Result<Picture> {
    let mut points: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
    let mut test = Vec::new();
    for line in lines {
        match line {
            Line::Train(line) => {
                for (name, loss) in &line.losses {
                    points
                        .entry(name)
                        .or_default()
                        .push([line.step as f64, *loss]);
                }
            }
            Line::Evaluation(line) if line.split == "test" => {
                test.push([line.step as f64, line.reconstruction_error]);
            }
            Line::Evaluation(_) => {}
        }
    }
    let reconstruction = points.remove(RECONSTRUCTION).unwrap_or_default();
    let mut first = vec![Series {
        name: "training",
        points: &reconstruction,
    }];
    // The test error is a mean squared error: only beside that loss does it belong.
    if config.loss.reconstruction == ReconstructionLoss::MeanSquaredError {
        first.push(Series {
            name: "test",
            points: &test,
        });
    }
    let name = format!(
        "Reconstruction loss ({})",
        describe(config.loss.reconstruction)
    );
    let game: Vec<Series<'_>> = points
        .iter()
        .map(|(name, points)| Series { name, points })
        .collect();
    let references: Vec<Reference<'_>> = [
        (
            "discriminator",
            2.0 * LN_2,
            "2 ln 2: discriminator at equilibrium",
        ),
        ("generator", LN_2, "ln 2: generator at equilibrium"),
    ]
    .into_iter()
    .filter(|(name, ..)| points.contains_key(name))
    .map(|(_, value, label)| Reference { value, label })
    .collect();
    let mut panels = vec![Panel {
        name: &name,
        series: &first,
        references: &[],
        logarithmic: true,
    }];
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

fn describe(loss: ReconstructionLoss) -> &'static str {
    match loss {
        ReconstructionLoss::MeanSquaredError => "mean squared error",
        ReconstructionLoss::HalfSquaredError => "half the squared error of an image",
        ReconstructionLoss::BinaryCrossEntropy => "binary cross-entropy of an image, nats",
    }
}
