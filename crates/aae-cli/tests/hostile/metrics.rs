//! `metrics.jsonl`.

use serde_json::json;

use crate::{REPORT, RESUME, check, ends, link, pipe, sparse, without_end, write};

const METRICS: &str = "runs/aae-s0/metrics.jsonl";

/// Lines of metrics with every number that a file can hold, as far as the format goes.
fn extreme_lines() -> String {
    let mut text = String::new();
    for number in [
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(null),
        json!(-0.0),
        json!(1.7976931348623157e308),
    ] {
        for step in [0, 1, u64::MAX - 1, u64::MAX] {
            let train = json!({"kind": "train", "step": step, "epoch": u64::MAX, "seconds": number, "images_per_second": number,
                "losses": {"reconstruction": number, "discriminator": number, "\u{1b}[2J": number}, "lr": {"x": number}});
            let evaluation = json!({"kind": "evaluation", "step": step, "epoch": step, "split": "test",
                "reconstruction_error": number, "mean_0": number, "std_0": number, "sliced_wasserstein": number, "\u{1b}[2J": number});
            text += &format!("{train}\n{evaluation}\n");
        }
    }
    text
}

#[test]
fn metrics() {
    check(&[
        ends(
            "a hundred thousand brackets",
            |p| write(p, METRICS, "[".repeat(100_000) + "\n"),
            REPORT,
            65,
            "metrics.jsonl:1: not a line of metrics",
        ),
        ends(
            "deep in a figure",
            |p| {
                write(
                    p,
                    METRICS,
                    format!("{{\"kind\":\"evaluation\",\"x\":{}\n", "[".repeat(100_000)),
                )
            },
            REPORT,
            65,
            "metrics.jsonl:1",
        ),
        ends(
            "a line of a mebibyte",
            |p| {
                write(
                    p,
                    METRICS,
                    format!("{{\"kind\":\"{}\"}}\n", "x".repeat(1 << 20)),
                )
            },
            REPORT,
            65,
            "metrics.jsonl:1",
        ),
        ends(
            "zeros",
            |p| write(p, METRICS, [0, 0, b'\n']),
            REPORT,
            65,
            "metrics.jsonl:1",
        ),
        ends(
            "a torn line alone",
            |p| write(p, METRICS, "{\"kind\":"),
            REPORT,
            0,
            "wrote",
        ),
        ends(
            "every extreme number",
            |p| write(p, METRICS, extreme_lines()),
            REPORT,
            0,
            "wrote",
        ),
        ends(
            "every extreme number, listed",
            |p| write(p, METRICS, extreme_lines()),
            &["runs"],
            0,
            "aae-s0",
        ),
        ends(
            "ten thousand figures",
            |p| {
                let figures: String = (0..10_000).map(|i| format!(",\"f{i}\":1.5")).collect();
                write(
                    p,
                    METRICS,
                    format!(
                        "{{\"kind\":\"evaluation\",\"step\":1,\"epoch\":1,\"split\":\"test\",\"reconstruction_error\":1{figures}}}\n"
                    ),
                );
            },
            REPORT,
            0,
            "wrote",
        ),
        ends(
            "a tebibyte of nothing",
            |p| sparse(p, METRICS),
            REPORT,
            65,
            "expected at most 268435456 bytes",
        ),
        ends(
            "a pipe",
            |p| pipe(p, METRICS),
            REPORT,
            65,
            "expected a regular file",
        ),
        ends(
            "a pipe, listed",
            |p| pipe(p, METRICS),
            &["runs"],
            0,
            "aae-s0",
        ),
        ends(
            "a pipe, gone on with",
            |p| {
                without_end(p);
                pipe(p, METRICS);
            },
            RESUME,
            65,
            "found a pipe, socket or device",
        ),
        ends(
            "a tebibyte of nothing, gone on with",
            |p| {
                without_end(p);
                sparse(p, METRICS);
            },
            RESUME,
            65,
            "expected at most 268435456 bytes",
        ),
        ends(
            "a link to a device, gone on with",
            |p| {
                without_end(p);
                link(p, METRICS, "/dev/full");
            },
            RESUME,
            65,
            "expected a regular file of the run's own, found a link",
        ),
        ends(
            "every extreme number, drawn",
            |p| {
                without_end(p);
                let few: String = extreme_lines()
                    .lines()
                    .filter(|l| l.contains("\"step\":1,") || l.contains("\"step\":0,"))
                    .map(|l| format!("{l}\n"))
                    .collect();
                write(p, METRICS, few);
            },
            RESUME,
            0,
            "",
        ),
    ]);
}
