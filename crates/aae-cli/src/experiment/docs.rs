//! The row of an experiment in a Markdown page: between two marks there, in one table, keyed by the experiment's name.
//!
//! Everything else in the page stays byte for byte, so that people write around the table and no number in it is typed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use aae_train::presets::preset;
use aae_train::{durable, regular_file};

use super::ExperimentError;
use super::results::Results;
use super::table::{moment_name, trained};
use crate::quantity::{Unit, floor, in_order, quantity};
use crate::shell;
use crate::text::{figure, hundredths};

const BEGIN: &str = "<!-- results:begin -->";
const END: &str = "<!-- results:end -->";
/// Three columns, for a page is narrow: how an experiment was trained stands under its name, and its command is folded.
const HEAD: [&str; 2] = [
    "| experiment | test images: mean ± standard error | the paper |",
    "|---|---|---|",
];
/// Ends a line in a cell.
const BREAK: &str = "<br>";
/// Digits of a revision that are shown.
const REVISION: usize = 10;
/// Deviations of the codes are shown up to this dimension.
const MOST_DEVIATIONS: usize = 2;

/// The most bytes that a page may have.
const MOST_PAGE: u64 = 16 << 20;

/// Puts the row of these results into a page as it is by now, which may be hours after it was first read: in the place of the one
/// before, or as the last. Whether that changed the page.
///
/// Errors: as [`Page::read`]; if the page cannot be written.
pub(crate) fn put(page: &Path, results: &Results) -> anyhow::Result<bool> {
    put_row(page, &results.experiment, &row(results))
}

fn put_row(page: &Path, name: &str, row: &str) -> anyhow::Result<bool> {
    let _turn = turn(page);
    let page = Page::read(page)?;
    let text = page.with_row(name, row);
    if text == page.text {
        return Ok(false);
    }
    durable::write(&page.path, text.as_bytes())?;
    Ok(true)
}

/// The right to change a page, until the returned folder is closed: a lock on the folder that the page is in, for the page itself is
/// replaced. Without it a row that another experiment puts in meanwhile would be lost.
///
/// None where folders cannot be locked, and where there is no page, which reading it tells.
fn turn(page: &Path) -> Option<File> {
    let folder = File::open(fs::canonicalize(page).ok()?.parent()?).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// A page with a place for rows.
#[derive(Debug)]
pub(crate) struct Page {
    path: PathBuf,
    text: String,
    /// Of the lines between the marks, in bytes.
    place: std::ops::Range<usize>,
    /// `\n` or `\r\n`, as the marks have it.
    line_end: &'static str,
}

impl Page {
    /// Reads a page.
    ///
    /// Errors: if it cannot be read, has not exactly one place for rows, or something else than our table is there.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let bad = |message: &str| ExperimentError::Page {
            path: path.to_path_buf(),
            message: message.to_owned(),
        };
        // Behind a link is the file that is to be written.
        let path_of_file =
            fs::canonicalize(path).map_err(|error| bad(&format!("could not read: {error}")))?;
        let text = regular_file::read_to_string(&path_of_file, MOST_PAGE)
            .map_err(|error| bad(&format!("could not read: {error}")))?;
        let (place, line_end) = place(&text).ok_or_else(|| {
            bad(&format!(
                "no place for the row: expected one line `{BEGIN}` and below it one line `{END}`; \
                 add them where the table is to be"
            ))
        })?;
        let page = Self {
            path: path_of_file,
            text,
            place,
            line_end,
        };
        match page.rows().is_some() {
            true => Ok(page),
            false => Err(bad(&format!(
                "expected nothing between the marks, or a table that begins with\n  {}\n  {}\nmove what is there away",
                HEAD[0], HEAD[1]
            ))
            .into()),
        }
    }

    /// The rows with their line ends, or nothing if this is not our table.
    fn rows(&self) -> Option<Vec<&str>> {
        let mut lines = self.text[self.place.clone()].split_inclusive('\n');
        let mut next = || lines.find(|line| !line.trim().is_empty());
        for head in HEAD {
            match next() {
                None if head == HEAD[0] => return Some(Vec::new()),
                Some(line) if line.trim() == head => {}
                _ => return None,
            }
        }
        let rows: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        rows.iter()
            .all(|row| row.trim_start().starts_with('|'))
            .then_some(rows)
    }

    fn with_row(&self, name: &str, row: &str) -> String {
        let end = self.line_end;
        let row = format!("{row}{end}");
        let mut text = self.text[..self.place.start].to_owned();
        HEAD.iter().for_each(|head| text.extend([head, end]));
        let mut is_put = false;
        for other in self.rows().unwrap_or_default() {
            match is_of(other, &cell(&code(name))) {
                true if is_put => {}
                true => {
                    text += &row;
                    is_put = true;
                }
                false => text += other,
            }
        }
        if !is_put {
            text += &row;
        }
        text + &self.text[self.place.end..]
    }
}

/// Where the lines between the marks are, if each mark is there once and in order; and how lines end there.
fn place(text: &str) -> Option<(std::ops::Range<usize>, &'static str)> {
    let mut at = 0;
    let (mut begin, mut end) = (None, None);
    let mut line_end = "\n";
    for line in text.split_inclusive('\n') {
        match line.trim() {
            BEGIN if begin.is_none() && line.ends_with('\n') => begin = Some(at + line.len()),
            END if end.is_none() => end = Some(at),
            BEGIN | END => return None,
            _ => {}
        }
        if line.trim() == BEGIN && line.ends_with("\r\n") {
            line_end = "\r\n";
        }
        at += line.len();
    }
    let place = begin?..end?;
    (place.start <= place.end).then_some((place, line_end))
}

/// Whether a row is that of an experiment: its first cell is the name, or begins with a line that is.
fn is_of(row: &str, name: &str) -> bool {
    let rest = first_cell(row).and_then(|cell| cell.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(BREAK))
}

fn first_cell(row: &str) -> Option<&str> {
    let row = row.trim_start().strip_prefix('|')?;
    let is_bar = |(at, _): &(usize, &str)| !row[..*at].ends_with('\\');
    let (end, _) = row.match_indices('|').find(is_bar)?;
    Some(row[..end].trim())
}

fn row(results: &Results) -> String {
    let cells = [
        description(results),
        key_figures(results),
        of_paper(results),
    ];
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("| {} |", cells.join(" | "))
}

/// Its name, how it was trained and by which revisions; folded away, the command.
fn description(results: &Results) -> String {
    let revisions: Vec<String> = results
        .git_revisions
        .iter()
        .map(|name| short(name))
        .collect();
    let commit = match revisions.len() {
        0 => String::new(),
        1 => format!("{BREAK}commit {}", revisions[0]),
        _ => format!("{BREAK}commits {}", revisions.join(", ")),
    };
    format!(
        "{}{BREAK}{}{commit}<details><summary>command</summary>{}</details>",
        code(&results.experiment),
        trained(results),
        code(&format!("cargo xtask {}", shell::line(&results.repeat)))
    )
}

/// What the paper has for the preset.
fn of_paper(results: &Results) -> String {
    let known = preset(&results.preset).ok();
    known
        .and_then(|preset| preset.paper)
        .unwrap_or("-")
        .to_owned()
}

/// The first digits of a revision; `-dirty` stays, which says that files differed from it.
pub(crate) fn short(revision: &str) -> String {
    const DIRTY: &str = "-dirty";
    let digits = revision.strip_suffix(DIRTY).unwrap_or(revision);
    let dirty = &revision[digits.len()..];
    digits.chars().take(REVISION).chain(dirty.chars()).collect()
}

/// `reconstruction 0.0350 ± 0.0002; distance 0.52 ± 0.04 (draws 0.09)`, for each moment.
fn key_figures(results: &Results) -> String {
    let moments = results.main_moments();
    let mut lines = Vec::new();
    for moment in &moments {
        let mut parts = Vec::new();
        for name in in_order(moment.figures.keys().map(String::as_str)) {
            let (quantity, found) = (quantity(name), &moment.figures[name]);
            if !quantity.key {
                continue;
            }
            let draws = moment
                .figures
                .get(&floor(name))
                .and_then(|floor| floor.mean);
            let draws = draws.map_or_else(String::new, |floor| {
                format!(" (draws {})", floor_text(floor))
            });
            parts.push(format!(
                "{} {}{draws}",
                quantity.short,
                found.show(quantity.unit)
            ));
        }
        let deviations: Vec<String> = (0..)
            .map_while(|index| moment.figures.get(&format!("std_{index}")))
            .map(|found| found.number(Unit::Plain))
            .collect();
        if (1..=MOST_DEVIATIONS).contains(&deviations.len()) {
            parts.push(format!("deviation {}", deviations.join(", ")));
        }
        let when = match moments.len() {
            1 => String::new(),
            _ => format!("{}: ", moment_name(results, moment)),
        };
        lines.push(format!("{when}{}", parts.join("; ")));
    }
    match lines.is_empty() {
        true => "-".to_owned(),
        false => lines.join(BREAK),
    }
}

/// What draws show among themselves is there to compare with: two places do.
fn floor_text(floor: f64) -> String {
    match floor.abs() {
        m if m < 0.05 => figure(floor),
        _ => hundredths(floor),
    }
}

/// Text in a code span.
fn code(text: &str) -> String {
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}

/// Text in a cell: a bar would end it, and a line end the row.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', r"\|")
}

#[cfg(test)]
mod tests;
