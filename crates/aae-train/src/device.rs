//! The device that a run trains on.

use std::fmt;
use std::str::FromStr;

use aae_ops::Precision;
use candle_core::Device;

use crate::exit;

/// Which device a user asks for: `auto`, `cpu`, `cuda`, `cuda:N` or `metal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best one that this program was built for and that is there: CUDA, then Metal, then the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with this number.
    Cuda(usize),
    /// The Apple GPU.
    Metal,
}

/// A device that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Not a device's name.
    #[error("expected a device (auto, cpu, cuda, cuda:N or metal), found `{0}`")]
    Unknown(String),
    /// This program was built without it.
    #[error("this program was built without {device}; build it with `--features {feature}`")]
    NotBuilt {
        /// What was asked for.
        device: DeviceChoice,
        /// The cargo feature that brings it.
        feature: &'static str,
    },
    /// The driver refused.
    #[error("{device} is not there or cannot be used: {reason}")]
    Refused {
        /// What was asked for.
        device: DeviceChoice,
        /// What the driver said.
        reason: String,
    },
    /// The device has no products of that precision.
    #[error(
        "expected a CPU for products in bfloat16, found another device; train with `--precision f32`"
    )]
    Precision,
}

impl DeviceError {
    /// 2 for a name that is none and for a device that this program was built without, 75 for one that is not there or cannot multiply so.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unknown(_) | Self::NotBuilt { .. } => exit::USAGE,
            Self::Refused { .. } | Self::Precision => exit::UNAVAILABLE,
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_owned());
        Ok(match text {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "cuda" => Self::Cuda(0),
            "metal" => Self::Metal,
            _ => {
                let number = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                Self::Cuda(number.parse().map_err(|_| unknown())?)
            }
        })
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl DeviceChoice {
    /// Opens the device, and says which it is.
    ///
    /// Errors: if this program was built without it, or the driver refuses.
    pub fn open(self) -> Result<(Device, DeviceChoice), DeviceError> {
        let refused = |error: candle_core::Error| DeviceError::Refused {
            device: self,
            reason: error.to_string(),
        };
        match self {
            Self::Auto => {
                let gpu = [Self::Cuda(0), Self::Metal]
                    .into_iter()
                    .find_map(|gpu| gpu.open().ok());
                Ok(gpu.unwrap_or((Device::Cpu, Self::Cpu)))
            }
            Self::Cpu => Ok((Device::Cpu, self)),
            Self::Cuda(_) if !candle_core::utils::cuda_is_available() => {
                Err(DeviceError::NotBuilt {
                    device: self,
                    feature: "cuda",
                })
            }
            Self::Cuda(number) => Ok((Device::new_cuda(number).map_err(refused)?, self)),
            Self::Metal if !candle_core::utils::metal_is_available() => {
                Err(DeviceError::NotBuilt {
                    device: self,
                    feature: "metal",
                })
            }
            Self::Metal => Ok((Device::new_metal(0).map_err(refused)?, self)),
        }
    }
}

/// Checks that a run on `device` can multiply that precisely. Errors: if it cannot.
pub fn check_precision(precision: Precision, device: &Device) -> Result<(), DeviceError> {
    match precision {
        Precision::Bf16 if !device.is_cpu() => Err(DeviceError::Precision),
        Precision::F32 | Precision::Bf16 => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_and_print_alike() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3", "metal"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!(
            "cuda".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Cuda(0)
        );
        for name in ["gpu", "cuda:", "cuda:-1", "CPU", ""] {
            assert_eq!(
                name.parse::<DeviceChoice>().unwrap_err().exit_code(),
                2,
                "{name}"
            );
        }
    }

    #[test]
    fn auto_always_finds_a_device() {
        assert!(DeviceChoice::Auto.open().is_ok());
    }
}
