//! Parsers with a fault, each of which the watching process must find.

use crate::Parser;

pub(crate) const PLANTED: [Parser; 4] = [
    planted("planted-panic", |data| match data.first() {
        Some(0x20..=0x2f) => panic!("planted"),
        _ => "accepted".to_owned(),
    }),
    planted("planted-loop", |data| match data.first() {
        Some(0x20..=0x2f) => loop {
            std::hint::spin_loop();
        },
        _ => "accepted".to_owned(),
    }),
    planted("planted-memory", |data| {
        if let Some(0x20..=0x2f) = data.first() {
            // Touched, or it would not be resident; and held long enough to be seen.
            let bytes = vec![1_u8; 300 << 20];
            std::thread::sleep(std::time::Duration::from_millis(200));
            std::hint::black_box(&bytes);
        }
        "accepted".to_owned()
    }),
    planted("planted-abort", |data| match data.first() {
        Some(0x20..=0x2f) => std::process::abort(),
        _ => "accepted".to_owned(),
    }),
];

const fn planted(name: &'static str, run: fn(&[u8]) -> String) -> Parser {
    Parser {
        name,
        run,
        words: &["!"],
        quick: 2_000,
    }
}
