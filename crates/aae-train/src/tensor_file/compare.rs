//! Whether a file's tensors are exactly those that a model has: all differences at once, before anything is changed.

use std::collections::BTreeMap;
use std::fmt;

use super::{MOST_SHOWN, Tensors};
use crate::exit;

/// One way in which the tensors found differ from those expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The model has it, the file does not.
    Missing {
        /// The tensor.
        name: String,
        /// The shape that the model gives it.
        expected: Vec<usize>,
    },
    /// The file has it, the model does not.
    Extra {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
    },
    /// Both have it, in different shapes.
    Shape {
        /// The tensor.
        name: String,
        /// The shape that the model gives it.
        expected: Vec<usize>,
        /// Its shape in the file.
        found: Vec<usize>,
    },
    /// The model has this whole number, the file does not.
    MissingCounter {
        /// The counter.
        name: String,
    },
    /// The file has this whole number, the model does not.
    ExtraCounter {
        /// The counter.
        name: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Missing { name, expected } => write!(f, "{name}: missing, expected {expected:?}"),
            Self::Extra { name, found } => write!(f, "{name}: not expected, found {found:?}"),
            Self::Shape {
                name,
                expected,
                found,
            } => {
                write!(f, "{name}: expected {expected:?}, found {found:?}")
            }
            Self::MissingCounter { name } => write!(f, "{name}: missing, expected a whole number"),
            Self::ExtraCounter { name } => write!(f, "{name}: not expected, found a whole number"),
        }
    }
}

/// The tensors are not those that the model needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorMismatch {
    /// Every difference, by name.
    pub differences: Vec<Difference>,
}

impl TensorMismatch {
    /// 65: a checkpoint that does not fit.
    pub fn exit_code(&self) -> u8 {
        exit::DATA
    }
}

impl std::error::Error for TensorMismatch {}

impl fmt::Display for TensorMismatch {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "the tensors are not those of this model ({} differ):",
            self.differences.len()
        )?;
        self.differences
            .iter()
            .take(MOST_SHOWN)
            .try_for_each(|difference| write!(f, "\n  {difference}"))?;
        match self.differences.len().checked_sub(MOST_SHOWN) {
            Some(more @ 1..) => write!(f, "\n  and {more} more"),
            _ => Ok(()),
        }
    }
}

/// Checks that `found` has the `expected` names and shapes, no fewer and no more.
///
/// Errors: all differences, sorted by name.
pub(crate) fn match_tensors(
    expected: &[(String, Vec<usize>)],
    found: &Tensors,
) -> Result<(), TensorMismatch> {
    let expected: BTreeMap<&str, &Vec<usize>> = expected
        .iter()
        .map(|(name, shape)| (name.as_str(), shape))
        .collect();
    let mut differences = BTreeMap::new();
    for (&name, &shape) in &expected {
        match found.get(name) {
            Some(tensor) if tensor.shape == *shape => {}
            Some(tensor) => {
                let (name, found) = (name.to_owned(), tensor.shape.clone());
                differences.insert(
                    name.clone(),
                    Difference::Shape {
                        name,
                        expected: shape.clone(),
                        found,
                    },
                );
            }
            None => {
                let name = name.to_owned();
                differences.insert(
                    name.clone(),
                    Difference::Missing {
                        name,
                        expected: shape.clone(),
                    },
                );
            }
        }
    }
    for (name, tensor) in found
        .iter()
        .filter(|(name, _)| !expected.contains_key(name.as_str()))
    {
        let extra = Difference::Extra {
            name: name.clone(),
            found: tensor.shape.clone(),
        };
        differences.insert(name.clone(), extra);
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(TensorMismatch {
        differences: differences.into_values().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::HostTensor;
    use super::*;

    fn tensors(list: &[(&str, &[usize])]) -> Tensors {
        list.iter()
            .map(|(name, shape)| {
                let data = vec![0.0; shape.iter().product()];
                (
                    (*name).to_owned(),
                    HostTensor {
                        shape: shape.to_vec(),
                        data,
                    },
                )
            })
            .collect()
    }

    #[test]
    fn equal_names_and_shapes_match() {
        let found = tensors(&[("a", &[2, 3]), ("b", &[])]);
        match_tensors(&[("b".into(), vec![]), ("a".into(), vec![2, 3])], &found).unwrap();
    }

    #[test]
    fn very_many_differences_are_listed_in_part_and_counted() {
        let names: Vec<String> = (0..250).map(|i| format!("t{i:03}")).collect();
        let found: Vec<(&str, &[usize])> =
            names.iter().map(|name| (name.as_str(), &[][..])).collect();
        let text = match_tensors(&[], &tensors(&found))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("(250 differ)")
                && text.ends_with("t199: not expected, found []\n  and 50 more"),
            "{text}"
        );
    }

    #[test]
    fn all_differences_are_listed_by_name() {
        let found = tensors(&[("a", &[3, 2]), ("c", &[1]), ("d", &[4])]);
        let expected = [
            ("a".into(), vec![2, 3]),
            ("b".into(), vec![5]),
            ("d".into(), vec![4]),
        ];
        let error = match_tensors(&expected, &found).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        assert_eq!(
            error.to_string(),
            "the tensors are not those of this model (3 differ):\n  \
             a: expected [2, 3], found [3, 2]\n  \
             b: missing, expected [5]\n  \
             c: not expected, found [1]"
        );
    }
}
