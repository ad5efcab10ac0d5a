//! A measurement as text, as a row of a table, and as a line of JSON.

use aae_ops::Precision;
use serde::Serialize;

use crate::args::Args;
use crate::measure::Measured;
use crate::steps::PlainKind;

/// Columns of [`row`]; without PyTorch, all but the last two.
const COLUMNS: [&str; 12] = [
    "preset",
    "threads",
    "batch",
    "width",
    "ours",
    "plain candle",
    "ours : plain",
    "GFLOP",
    "roofline",
    "ours : roofline",
    "PyTorch",
    "ours : PyTorch",
];

/// What `--json` prints, on one line. A field that was not measured is absent.
#[derive(Serialize)]
struct Line<'a> {
    variant: &'a str,
    preset: &'a str,
    threads: usize,
    batch: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<usize>,
    precision: Precision,
    steps: usize,
    rounds: usize,
    ms_per_step: f64,
    plain_candle: &'a str,
    plain_candle_ms_per_step: f64,
    ratio_to_plain_candle: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    torch_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    torch_ms_per_step: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio_to_torch: Option<f64>,
    gflop_per_step: f64,
    gflop_per_second: f64,
    roofline_ms_per_step: f64,
    ratio_to_roofline: f64,
}

/// The measurement as one line of JSON.
pub(crate) fn json(args: &Args, measured: &Measured) -> String {
    let (plain, to_plain) = measured.plain();
    let torch = measured.torch();
    let line = Line {
        variant: measured.config.variant.name(),
        preset: &measured.preset,
        threads: measured.threads,
        batch: measured.config.batch_size,
        width: width(measured),
        precision: measured.config.precision,
        steps: measured.steps,
        rounds: args.rounds,
        ms_per_step: rounded(measured.ours()),
        plain_candle: measured.plain_kind.name(),
        plain_candle_ms_per_step: rounded(plain),
        ratio_to_plain_candle: rounded(to_plain),
        torch_mode: torch.map(|_| args.torch_mode()),
        torch_ms_per_step: torch.map(|(ms, _)| rounded(ms)),
        ratio_to_torch: torch.map(|(_, ratio)| rounded(ratio)),
        gflop_per_step: rounded(measured.flops as f64 / 1e9),
        gflop_per_second: rounded(measured.rate / 1e9),
        roofline_ms_per_step: rounded(measured.bound()),
        ratio_to_roofline: rounded(measured.to_bound()),
    };
    // Every field is a text or a number.
    serde_json::to_string(&line).unwrap_or_default()
}

/// The measurement in a few lines.
pub(crate) fn text(args: &Args, measured: &Measured) -> String {
    let mut lines = vec![format!(
        "{} in {}, threads {}, batch {}: {:.1} ms per step",
        measured.preset,
        match measured.config.precision {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        },
        measured.threads,
        measured.config.batch_size,
        measured.ours()
    )];
    let (ms, ratio) = measured.plain();
    let plain = match measured.plain_kind {
        PlainKind::Handwritten => "plain candle, as a newcomer writes it",
        PlainKind::Composed => "plain candle, our step composed of its operations",
    };
    lines.push(format!(
        "{plain}: {ms:.1} ms; ours takes {ratio:.2} of that"
    ));
    if let Some((ms, ratio)) = measured.torch() {
        let mode = args.torch_mode();
        lines.push(format!(
            "PyTorch, {mode}: {ms:.1} ms; ours takes {ratio:.2} of that"
        ));
    }
    lines.push(format!(
        "roofline: {:.2} GFLOP at {:.0} GFLOP/s = {:.1} ms; ours takes {:.2} times that",
        measured.flops as f64 / 1e9,
        measured.rate / 1e9,
        measured.bound(),
        measured.to_bound()
    ));
    lines.join("\n")
}

/// The head of a table of [`row`]s.
pub(crate) fn head(args: &Args) -> String {
    let columns = match args.torch {
        Some(_) => &COLUMNS[..],
        None => &COLUMNS[..COLUMNS.len() - 2],
    };
    let line = "---|".repeat(columns.len());
    format!("| {} |\n|{line}", columns.join(" | "))
}

/// The measurement as a row of a Markdown table, in milliseconds per step.
pub(crate) fn row(measured: &Measured) -> String {
    let (plain, to_plain) = measured.plain();
    let mut cells = vec![
        format!("`{}`", measured.preset),
        measured.threads.to_string(),
        measured.config.batch_size.to_string(),
        width(measured).map_or("mixed".into(), |width| width.to_string()),
        format!("{:.1}", measured.ours()),
        format!("{plain:.1}"),
        format!("{to_plain:.2}"),
        format!("{:.2}", measured.flops as f64 / 1e9),
        format!("{:.1}", measured.bound()),
        format!("{:.2}", measured.to_bound()),
    ];
    if let Some((ms, ratio)) = measured.torch() {
        cells.extend([format!("{ms:.1}"), format!("{ratio:.2}")]);
    }
    format!("| {} |", cells.join(" | "))
}

/// The hidden width of all networks, if it is one.
fn width(measured: &Measured) -> Option<usize> {
    let model = &measured.config.model;
    let networks = [
        &model.encoder.hidden,
        &model.decoder.hidden,
        &model.discriminator.hidden,
    ];
    let mut widths = networks.into_iter().flatten().copied();
    let width = widths.next()?;
    widths.all(|other| other == width).then_some(width)
}

fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}
