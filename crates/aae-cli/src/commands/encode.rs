//! `encode`: the code of every image, for other programs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aae_data::Split;
use aae_eval::{argmax_rows, encode_all, label_logits_all};
use aae_models::Autoencoder;
use aae_train::durable;
use clap::{Args, ValueEnum};

use crate::args::ModelArgs;
use crate::exit::UsageError;
use crate::output;
use crate::trained::{self, Asked};

/// Write the codes of all images as CSV or as a NumPy array
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The test images of the newest run, as CSV
  {program} encode
  {program} encode runs/aae-s0 --split train --out codes.npy

CSV: the header index,label,z_0,z_1,... and a line for each image, in the
order of the file; with a column `inferred` after the label if the encoder
infers one. A classifier has no codes, and no columns of them.
NPY: float32 [images, dimensions], in the same order.")]
pub(crate) struct EncodeArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Which images; the training images include those held out
    #[arg(long, value_enum, default_value_t = Part::Test)]
    split: Part,
    /// Where to write, by its ending .csv or .npy [default: a CSV file in the run's folder samples/]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A half of a data set.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Train,
    Test,
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Npy,
}

pub(crate) fn run(args: &EncodeArgs) -> anyhow::Result<()> {
    let format = args.out.as_deref().map_or(Ok(Format::Csv), format)?;
    let place = args.model.place.open()?;
    let path = place.run(|device| {
        let model = trained::load(
            args.model.run.as_deref(),
            Asked::Anything,
            &args.model.data,
            device,
        )?;
        let dim = match (model.config.variant.has_decoder(), format) {
            (true, _) => model.autoencoder.latent_dim(),
            // Nothing has trained a classifier's codes.
            (false, Format::Csv) => 0,
            (false, Format::Npy) => return Err(no_codes(&model.name).into()),
        };
        let data = model.read_data(&args.model.data)?;
        let (name, dataset) = match args.split {
            Part::Train => ("codes-train.csv", data.train),
            Part::Test => ("codes-test.csv", data.test),
        };
        let split = Split::all(&dataset.into());
        let codes = match dim {
            0 => Vec::new(),
            _ => encode_all(&model.autoencoder, &split)?,
        };
        let bytes = match format {
            Format::Csv => {
                let inferred = inferred(&model.autoencoder, &split)?;
                csv(&codes, &split.labels(), inferred.as_deref(), dim).into_bytes()
            }
            Format::Npy => npy(&codes, dim),
        };
        let path = model.output(args.out.as_deref(), name)?;
        durable::write(&path, &bytes)?;
        Ok(path)
    })?;
    output::wrote(&path)
}

fn format(path: &Path) -> Result<Format, UsageError> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(Format::Csv),
        Some("npy") => Ok(Format::Npy),
        _ => Err(UsageError(format!(
            "--out {}: expected a name that ends in .csv or .npy",
            path.display()
        ))),
    }
}

fn no_codes(name: &str) -> UsageError {
    UsageError(format!(
        "{name}: expected a run with codes, found a classifier; --out FILE.csv gets the labels it infers"
    ))
}

/// The label or cluster that the encoder infers of each image, if it does.
fn inferred(autoencoder: &Autoencoder, split: &Split) -> anyhow::Result<Option<Vec<u8>>> {
    if !autoencoder.label_use().is_inferred() {
        return Ok(None);
    }
    let logits = label_logits_all(autoencoder, split)?;
    Ok(Some(argmax_rows(&logits, autoencoder.categories())?))
}

/// `dim` numbers of a code for each label, in the shortest form that reads back as the same `f32`.
fn csv(codes: &[f32], labels: &[u8], inferred: Option<&[u8]>, dim: usize) -> String {
    let mut text = "index,label".to_owned();
    if inferred.is_some() {
        text.push_str(",inferred");
    }
    (0..dim).for_each(|index| {
        let _ = write!(text, ",z_{index}");
    });
    text.push('\n');
    for (index, label) in labels.iter().enumerate() {
        let _ = write!(text, "{index},{label}");
        if let Some(inferred) = inferred {
            let _ = write!(text, ",{}", inferred[index]);
        }
        for number in &codes[index * dim..][..dim] {
            let _ = write!(text, ",{number}");
        }
        text.push('\n');
    }
    text
}

/// The NPY format, version 1.0: magic, version, length of the header, the header as a Python dictionary, the numbers.
///
/// Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
fn npy(codes: &[f32], dim: usize) -> Vec<u8> {
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    let shape = format!("({}, {dim})", codes.len() / dim);
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // Spaces and a line feed, so that the numbers begin at a multiple of 64 bytes.
    let unpadded = MAGIC.len() + 2 + header.len() + 1;
    header.extend(std::iter::repeat_n(
        ' ',
        unpadded.next_multiple_of(64) - unpadded,
    ));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    codes
        .iter()
        .for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_csv_file_has_a_header_and_a_line_per_image() {
        let text = csv(&[0.1, -2.0, 3.5, 1e-7], &[7, 2], None, 2);
        assert_eq!(text, "index,label,z_0,z_1\n0,7,0.1,-2\n1,2,3.5,0.0000001\n");
        let text = csv(&[0.5], &[7], Some(&[3]), 1);
        assert_eq!(text, "index,label,inferred,z_0\n0,7,3,0.5\n");
        let text = csv(&[], &[7], Some(&[3]), 0);
        assert_eq!(text, "index,label,inferred\n0,7,3\n");
    }

    #[test]
    fn an_npy_file_is_the_one_that_numpy_writes() {
        // >>> import io, numpy; f = io.BytesIO(); numpy.save(f, numpy.array([[1, 2, 3]], '<f4')); f.getvalue()
        let bytes = npy(&[1.0, 2.0, 3.0], 3);
        let header =
            b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
        assert_eq!(&bytes[..header.len()], header);
        assert!(bytes[header.len()..127].iter().all(|byte| *byte == b' '));
        assert_eq!(bytes[127], b'\n');
        assert_eq!(&bytes[128..132], 1.0_f32.to_le_bytes());
        assert_eq!(bytes.len(), 128 + 12);
    }

    #[test]
    fn the_ending_decides_the_format() {
        assert!(format(Path::new("a.csv")).is_ok());
        assert!(format(Path::new("a.b.npy")).is_ok());
        for wrong in ["a", "a.txt", "csv", "a.CSV.gz"] {
            assert!(format(Path::new(wrong)).is_err(), "{wrong}");
        }
    }
}
