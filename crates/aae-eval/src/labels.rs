//! Labels: checked once, before anything is counted by them.

use crate::EvalError;
use crate::error::check_count;

/// Classes that a label of one byte can tell apart.
const MOST_CLASSES: usize = 256;

/// As many `first` as `second`, and at least one of each.
pub(crate) fn check_same_length(
    what: &'static str,
    first: &[u8],
    of: &'static str,
    second: &[u8],
) -> Result<(), EvalError> {
    check_count(what, first.len(), of, second.len())?;
    if second.is_empty() {
        return Err(EvalError::TooFew {
            what: of,
            needed: 1,
            found: 0,
        });
    }
    Ok(())
}

/// There are 1 to 256 classes.
pub(crate) fn check_classes(classes: usize) -> Result<(), EvalError> {
    match (1..=MOST_CLASSES).contains(&classes) {
        true => Ok(()),
        false => Err(EvalError::Classes { found: classes }),
    }
}

/// Every label is one of `classes` classes, and those are 1 to 256.
pub(crate) fn check_labels(
    what: &'static str,
    labels: &[u8],
    classes: usize,
) -> Result<(), EvalError> {
    check_classes(classes)?;
    match labels
        .iter()
        .position(|&label| usize::from(label) >= classes)
    {
        Some(position) => Err(EvalError::LabelOutOfRange {
            what,
            classes,
            found: labels[position],
            position,
        }),
        None => Ok(()),
    }
}
