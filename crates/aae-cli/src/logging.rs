//! What the program says while it works: to the terminal as plain lines, and with times to the run's `train.log`.
//!
//! A line never tears the progress bar, and one that a terminal or pipe does not take any more never stops the work.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aae_train::regular_file;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_indicatif::{IndicatifLayer, TickSettings};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::text;

/// Events of this target are the report of a training: they go to standard output instead of standard error.
pub(crate) const REPORT: &str = "aae::report";
/// Events of this target are for the file alone.
const FILE_ONLY: &str = "aae::file";

/// Starts logging at `level` to the terminal; the returned file takes everything down to DEBUG, once it is opened.
pub(crate) fn start(level: Level) -> LogFile {
    let file = LogFile::default();
    // Nothing moves between two steps, so nothing has to be redrawn by a clock.
    let bars = IndicatifLayer::new().with_tick_settings(TickSettings {
        term_draw_hz: 5,
        default_tick_interval: None,
        footer_tick_interval: None,
        ..TickSettings::default()
    });
    let ours = |event: &Metadata<'_>| event.is_event() && event.target().starts_with("aae");
    let shown = filter_fn(move |event| *event.level() <= level);
    let messages =
        filter_fn(move |event| ours(event) && ![REPORT, FILE_ONLY].contains(&event.target()));
    let report = filter_fn(|event| event.target() == REPORT);
    let stderr = tracing_subscriber::fmt::layer()
        .event_format(Plain)
        .log_internal_errors(false)
        .with_writer(bars.get_stderr_writer())
        .with_filter(messages.and(shown.clone()));
    let stdout = tracing_subscriber::fmt::layer()
        .event_format(Plain)
        .log_internal_errors(false)
        .with_writer(bars.get_stdout_writer())
        .with_filter(report.and(shown));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .with_writer(file.clone())
        .with_filter(filter_fn(move |event| {
            ours(event) && *event.level() <= Level::DEBUG
        }));
    // Fails only if it was called before, and then logging has started.
    let _ = tracing_subscriber::registry()
        .with(bars)
        .with(stderr)
        .with(stdout)
        .with(lines)
        .try_init();
    file
}

/// Messages as a person at a terminal wants them.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match *event.metadata().level() {
            Level::ERROR => writer.write_str("error: ")?,
            Level::WARN => writer.write_str("warning: ")?,
            _ => {}
        }
        let mut text = String::new();
        context
            .field_format()
            .format_fields(Writer::new(&mut text), event)?;
        writeln!(writer, "{}", text::message(&text))
    }
}

/// The run's `train.log`, once there is a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogFile(Arc<Mutex<Option<File>>>);

impl LogFile {
    /// From now on events are appended to this file.
    ///
    /// Errors: any I/O error; if something else than a file is there, which could be waited for without end.
    pub(crate) fn open(&self, path: &Path) -> io::Result<()> {
        regular_file::check_or_absent(path)?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    /// Writes what the program ends with to the file alone; the terminal gets it in another way.
    pub(crate) fn error(&self, message: &str) {
        tracing::error!(target: FILE_ONLY, "{message}");
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogFile {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
