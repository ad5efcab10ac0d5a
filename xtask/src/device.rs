//! Which features of the program the chosen device needs.

use std::ffi::{OsStr, OsString};

/// What this machine offers to `--device auto`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Machine {
    /// Whether this is a Mac with Apple silicon.
    pub(crate) apple_silicon: bool,
    /// Whether both the CUDA compiler and an NVIDIA driver are here.
    pub(crate) cuda: bool,
    /// Whether the CUDA compiler is here.
    pub(crate) nvcc: bool,
    /// Whether this is a Mac.
    pub(crate) macos: bool,
}

impl Machine {
    /// Looks at the machine that this program runs on.
    pub(crate) fn here() -> Machine {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let nvcc = on_path("nvcc", &path);
        Machine {
            apple_silicon: cfg!(all(target_os = "macos", target_arch = "aarch64")),
            cuda: cfg!(target_os = "linux") && nvcc && on_path("nvidia-smi", &path),
            nvcc,
            macos: cfg!(target_os = "macos"),
        }
    }
}

fn on_path(program: &str, path: &OsStr) -> bool {
    std::env::split_paths(path).any(|folder| folder.join(program).is_file())
}

/// The cargo feature that the program needs for the `--device` among `args`, if it needs one.
///
/// A device that does not exist needs none: the program itself refuses it, with the right message.
pub(crate) fn feature(args: &[OsString], machine: Machine) -> Option<&'static str> {
    match chosen(args).as_deref() {
        Some("metal") => Some("metal"),
        Some(device) if is_cuda(device) => Some("cuda"),
        None | Some("auto") if machine.apple_silicon => Some("metal"),
        None | Some("auto") if machine.cuda => Some("cuda"),
        _ => None,
    }
}

/// `cuda`, `cuda:0`, `cuda:1`, ...
fn is_cuda(device: &str) -> bool {
    let number = |number: &str| number.parse::<usize>().is_ok();
    device == "cuda" || device.strip_prefix("cuda:").is_some_and(number)
}

/// Why this machine cannot build the program with a feature; nothing if it can, as far as that is seen beforehand.
pub(crate) fn obstacle(feature: &str, machine: Machine) -> Option<&'static str> {
    match feature {
        "cuda" if !machine.nvcc => Some(
            "--device cuda compiles CUDA kernels, and there is no nvcc on the PATH; install the CUDA toolkit, or use --device cpu",
        ),
        "metal" if !machine.macos => Some("--device metal is for macOS; use --device cpu"),
        _ => None,
    }
}

/// The value of the last `--device X` or `--device=X`.
fn chosen(args: &[OsString]) -> Option<String> {
    let mut device = None;
    let mut args = args.iter().map(|arg| arg.to_string_lossy());
    while let Some(arg) = args.next() {
        if arg == "--" {
            break;
        } else if arg == "--device" {
            device = args.next().map(|value| value.into_owned());
        } else if let Some(value) = arg.strip_prefix("--device=") {
            device = Some(value.to_owned());
        }
    }
    device
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Machine = Machine {
        apple_silicon: false,
        cuda: false,
        nvcc: false,
        macos: false,
    };
    const NVIDIA: Machine = Machine {
        cuda: true,
        nvcc: true,
        ..PLAIN
    };
    const APPLE: Machine = Machine {
        apple_silicon: true,
        macos: true,
        ..PLAIN
    };

    fn feature_of(line: &str, machine: Machine) -> Option<&'static str> {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        feature(&args, machine)
    }

    #[test]
    fn a_named_device_brings_its_feature_on_any_machine() {
        assert_eq!(feature_of("train --device cuda", PLAIN), Some("cuda"));
        assert_eq!(feature_of("train --device=cuda:1", PLAIN), Some("cuda"));
        assert_eq!(feature_of("train --device metal", PLAIN), Some("metal"));
        assert_eq!(feature_of("train --device cpu", NVIDIA), None);
        assert_eq!(feature_of("train --device=cpu", APPLE), None);
    }

    #[test]
    fn auto_takes_what_the_machine_has() {
        for line in ["train", "train --device auto", "sample --device=auto"] {
            assert_eq!(feature_of(line, PLAIN), None);
            assert_eq!(feature_of(line, NVIDIA), Some("cuda"));
            assert_eq!(feature_of(line, APPLE), Some("metal"));
        }
    }

    #[test]
    fn unknown_or_missing_devices_are_left_to_the_program() {
        assert_eq!(feature_of("train --device cudas", NVIDIA), None);
        assert_eq!(feature_of("train --device cuda:x", NVIDIA), None);
        assert_eq!(feature_of("train --device=tpu", APPLE), None);
        assert_eq!(feature_of("train --device", PLAIN), None);
    }

    #[test]
    fn a_machine_that_cannot_build_a_feature_is_told_before() {
        assert!(obstacle("cuda", PLAIN).is_some());
        assert!(obstacle("metal", NVIDIA).is_some());
        assert_eq!(obstacle("cuda", NVIDIA), None);
        assert_eq!(obstacle("metal", APPLE), None);
    }

    #[test]
    fn the_last_device_wins_and_words_after_two_dashes_are_no_options() {
        assert_eq!(feature_of("train --device cuda --device cpu", PLAIN), None);
        assert_eq!(feature_of("train -- --device cuda", PLAIN), None);
    }

    #[test]
    fn programs_are_found_on_the_path_alone() {
        let folder = crate::cargo::root();
        assert!(on_path("Cargo.toml", folder.as_os_str()));
        assert!(
            !on_path("crates", folder.as_os_str()),
            "a folder is no program"
        );
        assert!(!on_path("nvcc", folder.as_os_str()));
    }
}
