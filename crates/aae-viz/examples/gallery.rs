//! Draws every kind of picture from made-up data: `cargo run -p aae-viz --example gallery -- DIRECTORY`.
//!
//! The pictures to look at after a change of the design, and a template for calls of each function.

use aae_viz::{
    Curves, GridLabels, Images, Manifold, Panel, Picture, Reference, Row, Scatter, Series,
    comparison, curves, encode_png, grid, manifold, scatter,
};
use std::error::Error;
use std::f32::consts::TAU;
use std::path::Path;

const SIDE: usize = 28;
const FASHION: &str = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot";

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args()
        .nth(1)
        .ok_or("expected a directory to write the pictures to")?;
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;
    let save = |name: &str, picture: Picture| -> Result<(), Box<dyn Error>> {
        Ok(std::fs::write(directory.join(name), encode_png(&picture)?)?)
    };
    save("samples.png", samples()?)?;
    save("reconstructions.png", reconstructions()?)?;
    save("reconstructions-words.png", words()?)?;
    save("compare.png", compare()?)?;
    save("manifold.png", plane()?)?;
    save("latent.png", latent()?)?;
    save("latent-scattered.png", scattered()?)?;
    save("latent-300-classes.png", many_classes()?)?;
    save("losses.png", losses()?)?;
    Ok(())
}

fn samples() -> Result<Picture, Box<dyn Error>> {
    let pixels: Vec<f32> = (0..100)
        .flat_map(|i| ring(i as f32 / 100.0, 0.3 + (i % 7) as f32 / 10.0))
        .collect();
    let labels = GridLabels {
        title: "100 random samples",
        subtitle: "aae, 40 epochs · z drawn from N(0, 5²)",
        ..GridLabels::default()
    };
    Ok(grid(&Images::new(&pixels, SIDE, SIDE)?, 10, &labels)?)
}

fn reconstructions() -> Result<Picture, Box<dyn Error>> {
    let original: Vec<f32> = (0..10).flat_map(|i| ring(i as f32 / 10.0, 0.9)).collect();
    let blurred: Vec<f32> = (0..10)
        .flat_map(|i| ring(i as f32 / 10.0 + 0.02, 0.6))
        .collect();
    let rows = [
        Row {
            name: "original",
            images: Images::new(&original, SIDE, SIDE)?,
        },
        Row {
            name: "reconstruction",
            images: Images::new(&blurred, SIDE, SIDE)?,
        },
    ];
    let columns: Vec<String> = (0..10).map(|class| class.to_string()).collect();
    let labels = GridLabels {
        title: "Test images and their reconstructions",
        subtitle: "aae, 40 epochs · mean squared error 0.034",
        columns: &columns,
        ..GridLabels::default()
    };
    Ok(comparison(&rows, 10, &labels)?)
}

/// Long column labels over a single row, and images that are not square.
fn words() -> Result<Picture, Box<dyn Error>> {
    let pixels: Vec<f32> = (0..10).flat_map(|i| ring(i as f32 / 10.0, 0.9)).collect();
    let columns: Vec<String> = FASHION.split(',').map(str::to_owned).collect();
    let rows = [
        Row {
            name: "upper half",
            images: Images::new(&pixels[..5 * SIDE * SIDE], SIDE / 2, SIDE)?,
        },
        Row {
            name: "lower half",
            images: Images::new(&pixels[5 * SIDE * SIDE..], SIDE / 2, SIDE)?,
        },
    ];
    let labels = GridLabels {
        title: "Images that are not square",
        columns: &columns,
        ..GridLabels::default()
    };
    Ok(comparison(&rows, 10, &labels)?)
}

fn compare() -> Result<Picture, Box<dyn Error>> {
    let make = |shift: f32, light: f32| -> Vec<f32> {
        (0..24)
            .flat_map(|i| ring(i as f32 / 24.0 + shift, light))
            .collect()
    };
    let (a, b, c) = (make(0.0, 0.9), make(0.02, 0.7), make(0.1, 0.5));
    let rows = [
        Row {
            name: "original",
            images: Images::new(&a, SIDE, SIDE)?,
        },
        Row {
            name: "aae-s0",
            images: Images::new(&b, SIDE, SIDE)?,
        },
        Row {
            name: "ae-s0",
            images: Images::new(&c, SIDE, SIDE)?,
        },
    ];
    let labels = GridLabels {
        title: "What each run makes of the same images",
        ..GridLabels::default()
    };
    Ok(comparison(&rows, 10, &labels)?)
}

fn plane() -> Result<Picture, Box<dyn Error>> {
    let steps = 20;
    let pixels: Vec<f32> = (0..steps * steps)
        .flat_map(|i| {
            let (x, y) = (
                (i % steps) as f32 / steps as f32,
                (i / steps) as f32 / steps as f32,
            );
            ring(x, 0.2 + 0.8 * y)
        })
        .collect();
    Ok(manifold(&Manifold {
        images: Images::new(&pixels, SIDE, SIDE)?,
        rows: steps,
        columns: steps,
        x: [-10.0, 10.0],
        y: [-10.0, 10.0],
        axes: ["z₁", "z₂"],
        title: "The latent plane, decoded",
        subtitle: "aae, 40 epochs",
    })?)
}

fn latent() -> Result<Picture, Box<dyn Error>> {
    let mut noise = Noise(7);
    let mut points: Vec<[f32; 2]> = Vec::new();
    let mut labels = Vec::new();
    for i in 0..10_000_usize {
        let class = (i * 7919) % 10;
        let radius = 5.0 * (-2.0 * noise.next().max(1e-6).ln()).sqrt();
        let angle = TAU * (class as f32 + noise.next() + 0.25 * noise.bell()) / 10.0;
        points.push([radius * angle.cos(), radius * angle.sin()]);
        labels.push(class);
    }
    points.extend([[f32::NAN, 0.0], [400.0, 3.0]]);
    labels.extend([0, 1]);
    let classes: Vec<String> = (0..10).map(|class| class.to_string()).collect();
    let outline: Vec<Vec<[f32; 2]>> = (1..=3).map(|sigma| circle(5.0 * sigma as f32)).collect();
    Ok(scatter(&Scatter {
        points: &points,
        labels: &labels,
        classes: &classes,
        outline: &outline,
        outline_name: "prior N(0, 5²) at 1, 2, 3 σ",
        axes: ["z₁", "z₂"],
        title: "Test codes by class",
        subtitle: "aae, 40 epochs",
    })?)
}

fn scattered() -> Result<Picture, Box<dyn Error>> {
    let mut noise = Noise(11);
    let mut points: Vec<[f32; 2]> = Vec::new();
    let mut labels = Vec::new();
    for i in 0..3_000_usize {
        let class = i % 10;
        let (x, y) = (
            (class as f32 * 2.4).cos() * 30.0,
            (class as f32 * 1.7).sin() * 14.0,
        );
        points.push([x + 20.0 + 4.0 * noise.bell(), y + 2.0 * noise.bell()]);
        labels.push(class);
    }
    let classes: Vec<String> = FASHION.split(',').map(str::to_owned).collect();
    Ok(scatter(&Scatter {
        points: &points,
        labels: &labels,
        classes: &classes,
        axes: ["z₁", "z₂"],
        title: "Test codes by class",
        subtitle: "ae, 40 epochs",
        ..Scatter::default()
    })?)
}

fn many_classes() -> Result<Picture, Box<dyn Error>> {
    let mut noise = Noise(5);
    let points: Vec<[f32; 2]> = (0..3_000)
        .map(|_| [noise.next() * 10.0 - 5.0, noise.next() * 10.0 - 5.0])
        .collect();
    let labels: Vec<usize> = (0..3_000).map(|i| i % 300).collect();
    let square = vec![
        [-5.0, -5.0],
        [5.0, -5.0],
        [5.0, 5.0],
        [-5.0, 5.0],
        [-5.0, -5.0],
    ];
    Ok(scatter(&Scatter {
        points: &points,
        labels: &labels,
        outline: &[square],
        outline_name: "support of the prior",
        axes: ["z₁", "z₂"],
        title: "Codes of 300 classes, and a title that is long enough to need a second line",
        ..Scatter::default()
    })?)
}

fn losses() -> Result<Picture, Box<dyn Error>> {
    let mut noise = Noise(3);
    let mut curve = |start: f64, end: f64, rough: f64, pace: f64| -> Vec<[f64; 2]> {
        (1..=374)
            .map(|i| {
                let fall = (-(i as f64) / pace).exp();
                let value = end + (start - end) * fall + rough * f64::from(noise.bell());
                [i as f64 * 50.0, value]
            })
            .collect()
    };
    let reconstruction = curve(0.23, 0.034, 0.001, 12.0);
    let discriminator = curve(0.4, 1.34, 0.05, 30.0);
    let generator = curve(2.4, 0.75, 0.06, 25.0);
    let (one, two) = (std::f64::consts::LN_2, 2.0 * std::f64::consts::LN_2);
    let adversarial = [
        Series {
            name: "discriminator",
            color: 1,
            points: &discriminator,
        },
        Series {
            name: "generator",
            color: 2,
            points: &generator,
        },
    ];
    let references = [
        Reference {
            value: two,
            label: "2 ln 2: discriminator at equilibrium",
        },
        Reference {
            value: one,
            label: "ln 2: generator at equilibrium",
        },
    ];
    let panels = [
        Panel {
            name: "Reconstruction loss (mean squared error)",
            series: &[Series {
                name: "reconstruction",
                color: 0,
                points: &reconstruction,
            }],
            logarithmic: true,
            ..Panel::default()
        },
        Panel {
            name: "Adversarial losses (nats)",
            series: &adversarial,
            references: &references,
            ..Panel::default()
        },
    ];
    Ok(curves(&Curves {
        title: "Losses",
        subtitle: "aae, 40 epochs",
        x_axis: "step",
        panels: &panels,
    })?)
}

fn circle(radius: f32) -> Vec<[f32; 2]> {
    (0..=180)
        .map(|i| {
            let angle = TAU * i as f32 / 180.0;
            [radius * angle.cos(), radius * angle.sin()]
        })
        .collect()
}

/// An image of a stroke that turns from a line into an open ring and on, as `turn` goes from 0 to 1.
fn ring(turn: f32, light: f32) -> Vec<f32> {
    let (squeeze, slant) = (
        0.15 + 0.85 * (TAU * turn).sin().abs(),
        (TAU * turn).cos() * 0.4,
    );
    (0..SIDE * SIDE)
        .map(|i| {
            let (x, y) = ((i % SIDE) as f32 - 13.5, (i / SIDE) as f32 - 13.5);
            let radius = ((x + slant * y) / squeeze).hypot(y);
            (light * (1.6 - (radius - 8.0).abs() / 2.0 * squeeze.sqrt())).clamp(0.0, 1.0)
        })
        .collect()
}

/// A small generator of repeatable noise (Steele et al. 2014, SplitMix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    /// Roughly normal, mean 0 and standard deviation 1.
    fn bell(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}
