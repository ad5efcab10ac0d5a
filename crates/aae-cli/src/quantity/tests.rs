//! Which figures come first, which a table leaves out, and what is said of one that nobody knows.

use super::*;

#[test]
fn figures_are_ordered_by_what_a_reader_wants_first() {
    let names = [
        "std_10",
        "std_9",
        "mean_0",
        "sliced_wasserstein_floor",
        "zebra_count",
        "sliced_wasserstein",
        "reconstruction_error",
        "classification_error",
    ];
    assert_eq!(
        in_order(names),
        [
            "classification_error",
            "reconstruction_error",
            "sliced_wasserstein",
            "sliced_wasserstein_floor",
            "mean_0",
            "std_9",
            "std_10",
            "zebra_count",
        ]
    );
}

#[test]
fn a_figure_that_nobody_knows_is_shown_under_its_own_name() {
    let unknown = quantity("zebra_count");
    assert_eq!((unknown.label.as_str(), unknown.key), ("zebra count", true));
    assert_eq!(quantity("some_accuracy").unit, Unit::Share);
    assert!(!quantity("log_likelihood_standard_error").key);
    // As long as a file may make it.
    let name = format!("x{}", FLOOR.repeat(200_000));
    assert_eq!(quantity(&name).rank, UNKNOWN);
}

#[test]
fn classes_that_samples_lack_are_counted_and_no_class_has_a_row_of_its_own() {
    let names = [
        "samples_share_0",
        "samples_share_199",
        "samples_classes_never_drawn",
        "samples_class_entropy",
    ];
    assert_eq!(
        in_order(names),
        ["samples_class_entropy", "samples_classes_never_drawn"]
    );
    let never = quantity("samples_classes_never_drawn");
    assert_eq!((never.unit.show(2.0), never.key), ("2".to_owned(), false));
    assert_eq!(quantity("samples_class_entropy").unit, Unit::Nats);
}

#[test]
fn a_table_has_means_and_deviations_of_few_dimensions_only() {
    let kept = |dimensions: usize| {
        let moments = (0..dimensions).flat_map(|i| [format!("mean_{i}"), format!("std_{i}")]);
        let names: Vec<String> = moments.chain(["zebra_count".to_owned()]).collect();
        for_table(names.iter().map(String::as_str)).len()
    };
    assert_eq!([1, 3, 4, 10].map(kept), [3, 7, 1, 1]);
}
