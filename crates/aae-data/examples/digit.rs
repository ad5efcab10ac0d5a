//! Prints one test image as text: `cargo run -p aae-data --example digit -- 7`, or `-- 7 DIR` for another data set.
#![allow(clippy::print_stdout, reason = "printing is what this example is for")]

use std::error::Error;
use std::path::PathBuf;

use aae_data::{load, locate};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let index: usize = arguments.next().map_or(Ok(0), |index| index.parse())?;
    let dir = locate(arguments.next().map(PathBuf::from).as_deref(), None)?;
    let test = load(&dir)?.test;
    if index >= test.len() {
        return Err(format!("expected an index below {}, found {index}", test.len()).into());
    }
    println!(
        "image {index} of {}, label {}:",
        dir.display(),
        test.labels()[index]
    );
    for row in test.image(index).chunks(test.width()) {
        // Two characters a pixel, since characters are about twice as high as wide.
        let line: String = row
            .iter()
            .map(|&pixel| ["  ", "··", "▒▒", "██"][usize::from(pixel) / 64])
            .collect();
        println!("{}", line.trim_end());
    }
    Ok(())
}
