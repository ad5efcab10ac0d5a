//! The pieces that the pages of runs and of experiments share.

use aae_train::config::Config;
use aae_train::environment::Environment;

use super::files::{Picture, is_known};
use super::html::Html;
use crate::quantity::{Unit, floor, in_order, quantity};
use crate::text::count;
use crate::{program, shell};

/// Most characters of a configuration.
const MOST_CONFIG: usize = 100_000;
/// Pixels of a picture below which it is not shown as wide as others, in which its type would be larger than theirs.
const NARROW: u32 = 900;
/// Most words of a command line.
const MOST_WORDS: usize = 200;

/// A whole page.
pub(super) fn page(title: &str, body: Html) -> Vec<u8> {
    let mut html = Html::new();
    html.markup(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n",
    );
    html.element("title", title).markup("<style>\n");
    html.markup(include_str!("style.css"));
    html.markup("</style>\n</head>\n<body>\n<main>\n")
        .append(body);
    html.markup("<footer>Made by ").text(program::name());
    html.markup(" report ").text(env!("CARGO_PKG_VERSION"));
    html.markup(". This page needs no other file.</footer>\n</main>\n</body>\n</html>\n");
    html.into_bytes()
}

/// A short fact under the title, and how it is coloured.
pub(super) struct Fact {
    pub(super) text: String,
    pub(super) tag: &'static str,
}

impl Fact {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tag: "li",
        }
    }
}

/// Name, a sentence, and facts.
pub(super) fn head(name: &str, sentence: &str, facts: &[Fact]) -> Html {
    let mut html = Html::new();
    html.element("h1", name).element("p class=lead", sentence);
    html.markup("<ul class=facts>\n");
    for fact in facts {
        html.element(fact.tag, &fact.text);
    }
    html.markup("</ul>\n");
    html
}

/// A figure in large digits, with what it is to be compared with, and what it means.
pub(super) struct Card {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) beside: Option<String>,
    pub(super) meaning: String,
}

/// A card for each of these figures that a reader wants first. `show` writes a figure in its unit, if it is there.
pub(super) fn key_cards<'a>(
    names: impl IntoIterator<Item = &'a str>,
    show: impl Fn(&str, Unit) -> Option<String>,
) -> Vec<Card> {
    let card = |name: &str| {
        let quantity = quantity(name);
        let draws = show(&floor(name), quantity.unit);
        let beside =
            draws.map(|draws| format!("beside {draws} between two sets of draws from the prior"));
        Some(Card {
            value: show(name, quantity.unit).filter(|_| quantity.key)?,
            beside,
            meaning: quantity.meaning.to_owned(),
            label: quantity.label,
        })
    };
    in_order(names).into_iter().filter_map(card).collect()
}

pub(super) fn cards(cards: &[Card]) -> Html {
    let mut html = Html::new();
    html.markup("<div class=cards>\n");
    for card in cards {
        html.markup("<div class=card>").element("h3", &card.label);
        html.element("p class=value", &card.value);
        if let Some(beside) = &card.beside {
            html.element("p class=beside", beside);
        }
        html.element("p class=meaning", &card.meaning);
        html.markup("</div>\n");
    }
    html.markup("</div>\n");
    html
}

/// Rows under a head; the first column names them, and the column `strong` stands out.
pub(super) fn table(head: &[String], rows: &[Vec<String>], strong: Option<usize>) -> Html {
    let mut html = Html::new();
    html.markup("<div class=scroll tabindex=\"0\"><table>\n<thead><tr>");
    head.iter().for_each(|cell| {
        html.element("th scope=col", cell);
    });
    html.markup("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.markup("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let tag = match Some(column) == strong {
                true => "td class=strong",
                false => "td",
            };
            html.element(tag, cell);
        }
        html.markup("</tr>\n");
    }
    html.markup("</tbody></table></div>\n");
    html
}

/// Pictures with captions, as wide as they can be read; or small, if all show what `album` says.
pub(super) fn pictures(pictures: &[(String, Picture)], album: Option<&str>) -> Html {
    let mut html = Html::new();
    html.markup(match album {
        Some(_) => "<div class=\"pictures small\">\n",
        None => "<div class=pictures>\n",
    });
    for (caption, picture) in pictures {
        html.markup("<figure><img alt=\"");
        if let Some(album) = album {
            html.text(album).markup(", ");
        }
        html.text(caption);
        html.markup("\" width=\"").number(picture.width);
        html.markup("\" height=\"").number(picture.height);
        if picture.width < NARROW {
            html.markup("\" style=\"max-width:max(60%,");
            html.number(picture.width / 2).markup("px)");
        }
        html.markup("\" src=\"").png(&picture.bytes).markup("\">");
        // The pictures of training have their titles in them.
        if album.is_some() || !is_known(&picture.name) {
            html.element("figcaption", caption);
        }
        html.markup("</figure>\n");
    }
    html.markup("</div>\n");
    html
}

/// Names, and a value beside each.
pub(super) fn definitions(rows: &[(&'static str, String)]) -> Html {
    let mut html = Html::new();
    html.markup("<dl>\n");
    for (name, value) in rows {
        html.element("dt", name).element("dd", value);
    }
    html.markup("</dl>\n");
    html
}

pub(super) fn configuration(toml: &str) -> Html {
    let mut html = Html::new();
    html.markup("<h2>Configuration</h2>\n<details open><summary>Every number that decides the outcome</summary>\n<pre class=config>");
    html.text_of(toml, MOST_CONFIG);
    html.markup("</pre></details>\n");
    html
}

/// What a run was made with.
pub(super) fn environment(found: &Environment) -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    vec![
        ("Started", found.started.clone()),
        (
            "Program",
            format!("version {}, {}", found.version, found.rustc),
        ),
        (
            "Revision",
            found.git_revision.clone().unwrap_or_else(unknown),
        ),
        ("Platform", found.platform.clone()),
        ("Processor", found.cpu.clone().unwrap_or_else(unknown)),
        (
            "Threads",
            format!("{} of {}", found.threads, found.available_threads),
        ),
        ("Device", found.device.clone()),
        ("Seed", found.seed.to_string()),
    ]
}

/// A command that can be copied, and what it does.
pub(super) fn command(what: &str, words: &[String]) -> Html {
    let words = &words[..words.len().min(MOST_WORDS)];
    let line = format!("{} {}", program::name(), shell::line(words));
    let mut html = Html::new();
    html.element("p", what).element("pre class=command", &line);
    html
}

/// `128 images a step`.
pub(super) fn batch(config: &Config) -> Fact {
    Fact::new(format!("{} images a step", count(config.batch_size as u64)))
}
