//! Directories in MNIST's layout: where the data is ([`locate`]), and the four files read and checked against each other ([`load`]).

use std::fs;
use std::io::ErrorKind;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use crate::{DataError, Dataset, TrainTest, idx};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// Where the embedded MNIST lies in a clone of the project.
const EMBEDDED: &str = "data/mnist";

/// Reads the four IDX files of a directory: MNIST, or any data set of grey images under the same names.
///
/// Each file may be plain or gzipped, end in `.gz` or not, and say `.idx3-` instead of `-idx3-`. Images may have any height and width.
/// The number of classes is the largest training label plus one.
///
/// Errors: if a file is missing or does not keep to the format; if images and labels differ in number; if test images have another size
/// than training images, or a test label names a class that the training labels do not reach.
pub fn load(dir: &Path) -> Result<TrainTest, DataError> {
    let files = Files::find(dir)?;
    let ((train_images, train_labels), (test_images, test_labels)) = read_both(&files)?;

    let (expected, found) = (
        (train_images.height, train_images.width),
        (test_images.height, test_images.width),
    );
    if expected != found {
        return Err(DataError::SizeMismatch {
            path: files.test_images,
            expected,
            found,
        });
    }
    let classes = train_labels
        .iter()
        .max()
        .map_or(0, |&largest| usize::from(largest) + 1);
    Ok(TrainTest {
        train: Dataset::from_files(
            (&files.train_images, train_images),
            (&files.train_labels, train_labels),
            classes,
        )?,
        test: Dataset::from_files(
            (&files.test_images, test_images),
            (&files.test_labels, test_labels),
            classes,
        )?,
    })
}

/// Images and labels of one half, as they are in the files.
type Half = (idx::Images, Vec<u8>);

/// Training and test images: unzipping is most of the work, so the smaller half is read beside the larger one.
///
/// Errors: those of the training files first, so that they do not depend on who is faster.
fn read_both(files: &Files) -> Result<(Half, Half), DataError> {
    let read = |images: &Path, labels: &Path| -> Result<Half, DataError> {
        Ok((idx::read_images(images)?, idx::read_labels(labels)?))
    };
    let read_test = || read(&files.test_images, &files.test_labels);
    thread::scope(|scope| {
        let test = thread::Builder::new().spawn_scoped(scope, read_test);
        let train = read(&files.train_images, &files.train_labels);
        // Without a thread one after the other; a panic goes on here.
        let test = test.map_or_else(
            |_| read_test(),
            |test| test.join().unwrap_or_else(|panic| resume_unwind(panic)),
        );
        Ok((train?, test?))
    })
}

/// The directory to load: `explicit` (the program's `--data`), else `env` (the value of `AAE_DATA`; empty counts as unset), else the MNIST
/// that comes with the project: in the clone that this crate was compiled from, or `data/mnist` in the current directory or one above it.
///
/// Errors: if the directory that was named does not hold the four files, for it is never passed over in silence; if none was named and
/// the embedded data is not found, with every place that was looked at.
pub fn locate(explicit: Option<&Path>, env: Option<&Path>) -> Result<PathBuf, DataError> {
    let env = env.filter(|dir| !dir.as_os_str().is_empty());
    if let Some(dir) = explicit.or(env) {
        Files::find(dir)?;
        return Ok(dir.to_path_buf());
    }
    let compiled_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let current = std::env::current_dir().unwrap_or_default();
    first_complete(compiled_from.into_iter().chain(current.ancestors()))
}

/// The first of the `roots` with a complete [`EMBEDDED`] directory.
fn first_complete<'a>(roots: impl Iterator<Item = &'a Path>) -> Result<PathBuf, DataError> {
    let mut looked = Vec::new();
    for root in roots {
        let dir = root.join(EMBEDDED);
        if Files::find(&dir).is_ok() {
            return Ok(dir);
        }
        if !looked.contains(&dir) {
            looked.push(dir);
        }
    }
    Err(DataError::NotFound { looked })
}

/// The four files of a directory. They exist; nothing more is known of them.
struct Files {
    train_images: PathBuf,
    train_labels: PathBuf,
    test_images: PathBuf,
    test_labels: PathBuf,
}

impl Files {
    fn find(dir: &Path) -> Result<Files, DataError> {
        match fs::metadata(dir) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) => {
                return Err(DataError::NotADirectory {
                    path: dir.into(),
                    found: idx::describe(metadata.file_type()),
                });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(DataError::NotADirectory {
                    path: dir.into(),
                    found: "nothing",
                });
            }
            Err(source) => {
                return Err(DataError::Io {
                    path: dir.into(),
                    source,
                });
            }
        }
        let mut missing = Vec::new();
        let mut find = |name: &str| {
            let paths = spellings(name).map(|spelling| dir.join(spelling));
            // A link that leads nowhere is no file, but to say so is better than to say that there is nothing.
            let link = || paths.iter().find(|path| path.is_symlink());
            let found = paths.iter().find(|path| path.exists()).or_else(link);
            found.cloned().unwrap_or_else(|| {
                missing.push(name.to_owned());
                PathBuf::new()
            })
        };
        let files = Files {
            train_images: find(TRAIN_IMAGES),
            train_labels: find(TRAIN_LABELS),
            test_images: find(TEST_IMAGES),
            test_labels: find(TEST_LABELS),
        };
        if missing.is_empty() {
            Ok(files)
        } else {
            Err(DataError::MissingFiles {
                dir: dir.into(),
                missing,
            })
        }
    }
}

/// The names under which a file is looked for, in order.
fn spellings(name: &str) -> [String; 4] {
    let dotted = name.replace("-idx", ".idx");
    [
        name.to_owned(),
        format!("{name}.gz"),
        dotted.clone(),
        format!("{dotted}.gz"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_by_four_names() {
        assert_eq!(
            spellings(TEST_LABELS),
            [
                "t10k-labels-idx1-ubyte",
                "t10k-labels-idx1-ubyte.gz",
                "t10k-labels.idx1-ubyte",
                "t10k-labels.idx1-ubyte.gz"
            ]
        );
    }

    #[test]
    fn nothing_found_lists_every_place_once() {
        let roots = ["/no/such/root", "/no/such", "/no/such/root"].map(Path::new);
        let error = first_complete(roots.into_iter()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no data set found; looked in /no/such/root/data/mnist, /no/such/data/mnist; \
             name a directory with the four MNIST files"
        );
    }
}
