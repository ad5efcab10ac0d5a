//! Rows that are put into pages.

use std::thread;

use super::*;

fn page(text: &str) -> Option<Page> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("page.md");
    fs::write(&path, text).unwrap();
    Page::read(&path).ok()
}

fn put(text: &str, name: &str, row: &str) -> String {
    page(text).unwrap().with_row(name, row)
}

#[test]
fn the_first_row_brings_the_table_with_it() {
    let text = format!("# Page\n\n{BEGIN}\n{END}\n\nMore.\n");
    assert_eq!(
        put(&text, "aae", "| `aae` | new |"),
        format!(
            "# Page\n\n{BEGIN}\n{}\n{}\n| `aae` | new |\n{END}\n\nMore.\n",
            HEAD[0], HEAD[1]
        )
    );
}

#[test]
fn a_row_replaces_its_own_and_leaves_the_others_byte_for_byte() {
    let table = |row: &str| {
        format!(
            "a\u{a0}\r\n{BEGIN}\n{}\n{}\n| `ae` |  odd spaces |\n{row}\n|`aae-8d`|x|\n{END}\nno line end",
            HEAD[0], HEAD[1]
        )
    };
    let new = "| `aae`<br>seed 0<details>`command`</details> | new |";
    let changed = put(&table("| `aae`<br>seeds 0..2 | old |"), "aae", new);
    assert_eq!(changed, table(new));
    assert_eq!(put(&changed, "aae", new), changed);
    assert_eq!(put(&table("| `aae` | old |"), "aae", new), changed);
    let replaced = put(&changed, "aae-8d", "| `aae-8d` | y |");
    assert_eq!(
        replaced,
        changed.replace("|`aae-8d`|x|", "| `aae-8d` | y |")
    );
}

#[test]
fn rows_that_are_put_in_at_once_are_all_there() {
    let place = tempfile::tempdir().unwrap();
    let path = &place.path().join("page.md");
    fs::write(path, format!("{BEGIN}\n{END}\n")).unwrap();
    let names: Vec<String> = (0..8).map(|number| format!("aae-{number}")).collect();
    thread::scope(|scope| {
        for name in &names {
            scope.spawn(move || put_row(path, name, &format!("| `{name}` |")).unwrap());
        }
    });
    let page = Page::read(path).unwrap();
    let mut rows = page.rows().unwrap();
    rows.sort_unstable();
    let expected = names.iter().map(|name| format!("| `{name}` |\n"));
    assert_eq!(rows, expected.collect::<Vec<_>>());
    // The lock has left nothing.
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn lines_end_as_those_of_the_page_do() {
    let text = format!("{BEGIN}\r\n{END}\r\n");
    let put = put(&text, "ae", "| `ae` |");
    assert_eq!(put.matches('\n').count(), put.matches("\r\n").count());
    assert_eq!(put.lines().count(), 5);
}

#[test]
fn a_page_without_one_place_for_rows_is_an_error() {
    for text in [
        String::new(),
        "no marks".to_owned(),
        BEGIN.to_owned(),
        format!("{END}\n{BEGIN}\n"),
        format!("{BEGIN}\n{BEGIN}\n{END}\n"),
        format!("{BEGIN}\n{END}\n{END}\n"),
        format!("{BEGIN}\nsome text\n{END}\n"),
        format!("{BEGIN}\n| other | table |\n|---|---|\n{END}\n"),
        format!("{BEGIN}\n{}\n{}\ntext\n{END}\n", HEAD[0], HEAD[1]),
    ] {
        assert!(page(&text).is_none(), "{text}");
    }
}

#[test]
fn bars_and_line_ends_do_not_break_a_row() {
    assert_eq!(cell("a|b\nc"), r"a\|b c");
    assert_eq!(code("a`b"), "`` a`b ``");
}

#[test]
fn revisions_are_short_and_say_whether_files_differed() {
    let revision = "62d53b769a0b28f18d13059914d3912e114bc2cd";
    assert_eq!(short(revision), "62d53b769a");
    assert_eq!(short(&format!("{revision}-dirty")), "62d53b769a-dirty");
    assert_eq!(short("abc"), "abc");
}
