//! A trained model, found and loaded: of the newest run, of a run that is named, or from a file.

use std::path::{Path, PathBuf};

use aae_data::{Dataset, TrainTest};
use aae_eval::{EvalError, check_image_size};
use aae_models::{Autoencoder, LabelUse};
use aae_train::checkpoint::{load_newest, newest_step};
use aae_train::config::Config;
use aae_train::durable::{self, DurableError};
use aae_train::model_file::{ModelFile, ModelMeta};
use aae_train::run_dir::{self, RunDir};
use anyhow::Context;
use candle_core::Device;

use crate::args::DataArgs;
use crate::briefing;
use crate::data;
use crate::exit::UsageError;
use crate::figures::caption;
use crate::output;
use crate::pictures::Subject;

/// Where runs are, in the current directory.
pub(crate) const RUNS: &str = "runs";

/// An autoencoder with its weights, and where it came from.
#[derive(Debug)]
pub(crate) struct Trained {
    pub(crate) autoencoder: Autoencoder,
    pub(crate) config: Config,
    pub(crate) step: u64,
    /// Of the run, or the path of the file.
    pub(crate) name: String,
    /// Of the run, if it has one.
    pub(crate) folder: Option<PathBuf>,
    caption: String,
}

/// What a command asks of a model that the user does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Anything,
    /// A decoder that was trained.
    Decoder,
    /// A decoder that is told a label or a cluster.
    Labels,
    /// The same, or a decoder of codes that have their label's place in the prior.
    LabelledSamples,
}

impl Asked {
    /// Whether a run has it, as far as can be seen: one whose configuration cannot be read is left to say so itself.
    fn is_in(self, run: &RunDir) -> bool {
        let Ok(Config { variant, .. }) = run.read_config() else {
            return true;
        };
        match self {
            Self::Anything => true,
            Self::Decoder => variant.has_decoder(),
            Self::Labels => variant.has_decoder() && variant.label_use() != LabelUse::Absent,
            Self::LabelledSamples => {
                variant.has_decoder()
                    && (variant.label_use() != LabelUse::Absent || variant.places_labels())
            }
        }
    }
}

/// Loads the model that the user named, or the newest one that has what is asked.
///
/// Of a run that has no `model.safetensors` yet the newest checkpoint is taken; the data tells the shape of its images.
pub(crate) fn load(
    named: Option<&Path>,
    asked: Asked,
    data: &DataArgs,
    device: &Device,
) -> anyhow::Result<Trained> {
    match find(named, asked)? {
        Source::Run(run) => {
            let model = match run.model().is_file() {
                true => {
                    let model = ModelFile::read(&run.model())?;
                    warn_if_old(&model, &run);
                    model
                }
                false => from_checkpoint(&run, data)?,
            };
            build(
                model,
                shown_name(&run),
                Some(run.path().to_path_buf()),
                device,
            )
        }
        Source::File(path) => {
            let model = ModelFile::read(&path)?;
            let run = path.parent().and_then(|folder| RunDir::open(folder).ok());
            if let Some(run) = run.as_ref().filter(|run| run.model() == path) {
                warn_if_old(&model, run);
            }
            let folder = run.map(|run| run.path().to_path_buf());
            build(model, path.display().to_string(), folder, device)
        }
    }
}

/// What a path turned out to be.
enum Source {
    Run(RunDir),
    File(PathBuf),
}

fn find(named: Option<&Path>, asked: Asked) -> anyhow::Result<Source> {
    let Some(path) = named else {
        // If none has it, the newest one's own error says what is missing.
        let run = run_dir::newest(Path::new(RUNS), |run| asked.is_in(run))?;
        tracing::info!("taking the newest run: {}", run.path().display());
        return Ok(Source::Run(run));
    };
    if path.is_file() {
        return Ok(Source::File(path.to_path_buf()));
    }
    let path = run_path(path);
    if !path.exists() {
        let message = format!(
            "{}: not found: expected a run folder or a model.safetensors; `runs` lists the runs there are",
            path.display()
        );
        return Err(UsageError(message).into());
    }
    Ok(Source::Run(RunDir::open(&path)?))
}

/// The folder of a run that is named by its path, or by its name alone if it is in `runs`.
pub(crate) fn run_path(named: &Path) -> PathBuf {
    let in_runs = Path::new(RUNS).join(named);
    match !named.exists() && in_runs.exists() {
        true => in_runs,
        false => named.to_path_buf(),
    }
}

/// What a run is called where its folder is not seen: of the run of a seed, which is called `s0`, with its experiment: `aae/s0`.
pub(crate) fn shown_name(run: &RunDir) -> String {
    let name = run.name();
    let is_seed = name
        .strip_prefix('s')
        .is_some_and(|seed| seed.parse::<u64>().is_ok());
    let parent = run.path().parent().and_then(Path::file_name);
    match parent {
        Some(parent) if is_seed => format!("{}/{name}", parent.to_string_lossy()),
        _ => name,
    }
}

/// Says if a run has gone on since it wrote its model, and has not written another: it was killed meanwhile, or still trains.
fn warn_if_old(model: &ModelFile, run: &RunDir) {
    let step = model.meta.step;
    if let Ok(Some(newest)) = newest_step(run)
        && newest > step
    {
        tracing::warn!(
            "{}: expected the model after step {newest}, of which there is a checkpoint, found that after step {step}, which is used; the run has gone on since; to have its model written: {}",
            run.model().display(),
            briefing::resume_hint(run.path())
        );
    }
}

/// The autoencoder of a run in progress.
fn from_checkpoint(run: &RunDir, data: &DataArgs) -> anyhow::Result<ModelFile> {
    let newest = load_newest(run)?;
    newest
        .warnings
        .iter()
        .for_each(|warning| tracing::warn!("{warning}"));
    tracing::info!(
        "the run has no model.safetensors yet, or no longer: using {}",
        newest.path.display()
    );
    let mut tensors = newest.checkpoint.tensors;
    tensors.retain(|name, _| name.starts_with("encoder.") || name.starts_with("decoder."));
    let meta = newest.checkpoint.meta;
    let found = data::of_run(data.data.as_deref(), Some(run.path()))?;
    let image = data::image_shape(&found.data.test);
    let meta = ModelMeta {
        config: meta.config,
        image,
        step: meta.step,
    };
    Ok(ModelFile::new(tensors, meta, &newest.path)?)
}

fn build(
    file: ModelFile,
    name: String,
    folder: Option<PathBuf>,
    device: &Device,
) -> anyhow::Result<Trained> {
    let autoencoder = file.autoencoder(device).with_context(|| name.clone())?;
    let ModelMeta { config, step, .. } = file.meta;
    let caption = caption(&name, step);
    Ok(Trained {
        autoencoder,
        config,
        step,
        name,
        folder,
        caption,
    })
}

impl Trained {
    /// For pictures.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            autoencoder: &self.autoencoder,
            config: &self.config,
            caption: &self.caption,
        }
    }

    /// The data that the model was trained on, or that `--data` names. Errors: if it is not there, or of another size.
    pub(crate) fn read_data(&self, named: &DataArgs) -> anyhow::Result<TrainTest> {
        let found = data::of_run(named.data.as_deref(), self.folder.as_deref())?;
        self.check_images(&found.data.test).with_context(|| {
            let (name, dir) = (&self.name, found.dir.display());
            format!("{name}: made for other images than those in {dir}; --data DIR names its own")
        })?;
        Ok(found.data)
    }

    /// Errors: if the run trained no decoder, so that nothing can be made from codes.
    pub(crate) fn check_decoder(&self) -> Result<(), UsageError> {
        match self.config.variant.has_decoder() {
            true => Ok(()),
            false => Err(UsageError(format!(
                "{}: expected a run with a decoder, found a classifier; `eval` measures it",
                self.name
            ))),
        }
    }

    /// Errors: if these are not images of the size that the model was made for.
    pub(crate) fn check_images(&self, data: &Dataset) -> Result<(), EvalError> {
        check_image_size(&self.autoencoder, data)
    }

    /// Where to write: the path that the user chose, or `name` in the run's folder `samples`; without a run, here.
    ///
    /// Errors: if that folder cannot be made; as [`output::place`].
    pub(crate) fn output(&self, chosen: Option<&Path>, name: &str) -> anyhow::Result<PathBuf> {
        let path = match (chosen, &self.folder) {
            (Some(path), _) => path.to_path_buf(),
            (None, None) => PathBuf::from(name),
            (None, Some(run)) => {
                let folder = run.join("samples");
                durable::create_directories(&folder)
                    .map_err(|source| DurableError {
                        path: folder.clone(),
                        action: "create the folder",
                        source,
                    })
                    .context("choose a place with --out")?;
                folder.join(name)
            }
        };
        Ok(output::place(&path)?)
    }
}

#[cfg(test)]
pub(crate) mod tiny {
    //! A model and its images for the tests of what is asked of a trained one: 2 x 3 pixels, two classes.

    use std::sync::Arc;

    use aae_data::Split;
    use aae_models::ImageShape;
    use aae_train::config::Override;

    use super::*;

    /// A model of a preset as it is before training, with small networks.
    pub(crate) fn untrained(preset: &str) -> Trained {
        let small = [
            "model.init=kaiming_uniform",
            "model.encoder.hidden=[8]",
            "model.decoder.hidden=[8]",
        ];
        let config = Config::resolve(preset, None, &small.map(Override::set)).unwrap();
        let (height, width) = (2, 3);
        let (image, label) = (ImageShape { height, width }, config.variant.label_use());
        Trained {
            autoencoder: Autoencoder::new(&config.model, image, label, 0, &Device::Cpu).unwrap(),
            config,
            step: 0,
            name: preset.to_owned(),
            folder: None,
            caption: String::new(),
        }
    }

    /// All of these images: 6 pixels for each label.
    pub(crate) fn split(pixels: Vec<u8>, labels: Vec<u8>) -> Split {
        let data = Dataset::new(pixels, labels, 2, 3, 2).unwrap();
        Split::all(&Arc::new(data))
    }
}
