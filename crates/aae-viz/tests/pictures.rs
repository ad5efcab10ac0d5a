//! What a caller may rely on: the right image in the right cell, the same bytes again, and no input that panics.

use aae_viz::{
    Curves, GridLabels, Images, Manifold, Panel, Picture, Reference, Row, Scatter, Series,
    VizError, comparison, curves, encode_png, grid, manifold, scatter,
};

const NOTHING: GridLabels<'static> = GridLabels {
    title: "",
    subtitle: "",
    rows: &[],
    columns: &[],
};

/// `n` images of 2 x 3 pixels, each of one grey: 10, 11, 12 ...
fn greys(n: usize) -> Vec<f32> {
    (0..n).flat_map(|i| [(10 + i) as f32 / 255.0; 6]).collect()
}

/// The greys of the images in a picture without text, from left to right and top to bottom.
fn cells(picture: &Picture) -> Vec<Vec<u8>> {
    let line = picture.width() as usize * 3;
    let mut rows: Vec<Vec<u8>> = picture
        .rgb()
        .chunks_exact(line)
        .map(|row| {
            let mut greys: Vec<u8> = row.chunks_exact(3).map(|p| p[0]).collect();
            greys.retain(|&grey| (10..100).contains(&grey));
            greys.dedup();
            greys
        })
        .collect();
    rows.retain(|row| !row.is_empty());
    rows.dedup();
    rows
}

fn point_cloud(n: usize) -> Vec<[f32; 2]> {
    (0..n)
        .map(|i| {
            let angle = i as f32 * 2.4;
            [
                angle.cos() * (i as f32).sqrt(),
                angle.sin() * (i as f32).sqrt(),
            ]
        })
        .collect()
}

#[test]
fn a_non_square_grid_is_filled_row_by_row() {
    let pixels = greys(5);
    let picture = grid(&Images::new(&pixels, 2, 3).unwrap(), 3, &NOTHING).unwrap();
    assert_eq!(cells(&picture), [vec![10, 11, 12], vec![13, 14]]);
}

#[test]
fn a_comparison_keeps_rows_together_and_goes_on_in_blocks() {
    let pixels = greys(10);
    let above = Images::new(&pixels[..30], 2, 3).unwrap();
    let below = Images::new(&pixels[30..], 2, 3).unwrap();
    let rows = [
        Row {
            name: "",
            images: above,
        },
        Row {
            name: "",
            images: below,
        },
    ];
    let picture = comparison(&rows, 3, &NOTHING).unwrap();
    assert_eq!(
        cells(&picture),
        [
            vec![10, 11, 12],
            vec![15, 16, 17],
            vec![13, 14],
            vec![18, 19]
        ]
    );
}

#[test]
fn a_manifold_grows_to_the_right_and_upwards() {
    let pixels = greys(6);
    let picture = manifold(&Manifold {
        images: Images::new(&pixels, 2, 3).unwrap(),
        rows: 2,
        columns: 3,
        x: [-1.0, 1.0],
        y: [0.0, 5.0],
        axes: ["", ""],
        title: "",
        subtitle: "",
    })
    .unwrap();
    let left_of_text: Vec<Vec<u8>> = cells(&picture)
        .into_iter()
        .filter(|row| row.len() >= 3)
        .map(|row| row[row.len() - 3..].to_vec())
        .collect();
    let upper = left_of_text.iter().position(|row| *row == [13, 14, 15]);
    let lower = left_of_text.iter().position(|row| *row == [10, 11, 12]);
    assert!(upper.is_some() && upper < lower, "{left_of_text:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let draw = || {
        let points = point_cloud(500);
        let labels: Vec<usize> = (0..500).map(|i| i % 10).collect();
        let codes = Scatter {
            points: &points,
            labels: &labels,
            outline: &[vec![[-5.0, 0.0], [5.0, 3.0]]],
            title: "codes",
            ..Scatter::default()
        };
        let losses: Vec<[f64; 2]> = (0..300).map(|i| [i as f64, (i as f64).sin()]).collect();
        let panel = Panel {
            series: &[Series {
                name: "loss",
                color: 0,
                points: &losses,
            }],
            ..Panel::default()
        };
        let losses = Curves {
            panels: &[panel],
            ..Curves::default()
        };
        let mut bytes = encode_png(&scatter(&codes).unwrap()).unwrap();
        bytes.extend(encode_png(&curves(&losses).unwrap()).unwrap());
        bytes
    };
    assert_eq!(draw(), draw());
}

#[test]
fn the_encoded_picture_is_the_picture() {
    let pixels = greys(4);
    let picture = grid(&Images::new(&pixels, 2, 3).unwrap(), 2, &NOTHING).unwrap();
    let decoded = image::load_from_memory(&encode_png(&picture).unwrap()).unwrap();
    assert_eq!(decoded.into_rgb8().into_raw(), picture.rgb());
}

#[test]
fn points_that_are_no_number_change_nothing_but_the_count() {
    let points = point_cloud(100);
    let mut torn = points.clone();
    torn.insert(50, [f32::NAN, 1.0]);
    torn.insert(70, [1.0, f32::NEG_INFINITY]);
    let whole = scatter(&Scatter {
        points: &points,
        ..Scatter::default()
    })
    .unwrap();
    let torn = scatter(&Scatter {
        points: &torn,
        ..Scatter::default()
    })
    .unwrap();
    assert_eq!(
        (whole.width(), whole.height()),
        (torn.width(), torn.height())
    );
    // Everything below the subtitle is the same.
    let below = whole.rgb().len() / 8;
    assert_eq!(whole.rgb()[below..], torn.rgb()[below..]);
    assert_ne!(whole, torn);
}

#[test]
fn odd_scatter_plots_are_drawn() {
    let line = vec![[0.0, 0.0], [f32::NAN, 0.0], [1e30, 1.0]];
    let many: Vec<usize> = (0..300).collect();
    let extremes = [
        [f32::MAX, f32::MIN],
        [f32::MIN, f32::MAX],
        [f32::MIN_POSITIVE, 0.0],
    ];
    for (points, labels) in [
        (vec![], vec![]),
        (vec![[3.0, -2.0]], vec![7]),
        (vec![[1.0, 1.0]; 50], vec![0; 50]),
        (vec![[f32::NAN; 2]; 4], vec![]),
        (extremes.to_vec(), vec![0, usize::MAX, 1]),
        (point_cloud(300), many),
        (vec![[1e-30, 5.0], [0.0, 1e8]], vec![]),
    ] {
        for outline in [vec![], vec![line.clone()], vec![vec![], vec![[1.0, 2.0]]]] {
            let plot = Scatter {
                points: &points,
                labels: &labels,
                outline: &outline,
                outline_name: "prior",
                axes: ["a", "b"],
                ..Scatter::default()
            };
            let picture = scatter(&plot).unwrap();
            assert!(picture.width() > 400 && picture.height() < 4_000);
        }
    }
}

#[test]
fn odd_curves_are_drawn() {
    let nan = [[0.0, f64::NAN], [f64::INFINITY, 1.0]];
    let wild = [[0.0, 1e300], [1.0, -1e300], [2.0, 0.0]];
    let one = [[5.0, 0.25]];
    let same = [[1.0, 2.0]; 100];
    let all: [&[[f64; 2]]; 5] = [&[], &nan, &wild, &one, &same];
    let reference = [
        Reference {
            value: f64::NAN,
            label: "nowhere",
        },
        Reference {
            value: 0.0,
            label: "zero",
        },
    ];
    for points in all {
        for logarithmic in [false, true] {
            for references in [&reference[..], &[]] {
                let series = [
                    Series {
                        name: "a",
                        color: 0,
                        points,
                    },
                    Series {
                        name: "b",
                        color: usize::MAX,
                        points: &one,
                    },
                ];
                let panel = Panel {
                    name: "loss",
                    series: &series,
                    references,
                    logarithmic,
                };
                let empty = Panel {
                    references,
                    logarithmic,
                    ..Panel::default()
                };
                let panels = [panel, empty];
                curves(&Curves {
                    title: "t",
                    subtitle: "s",
                    x_axis: "step",
                    panels: &panels,
                })
                .unwrap();
            }
        }
    }
}

#[test]
fn a_curve_has_its_colour_whatever_is_drawn_beside_it() {
    let points = [[0.0, 1.0], [1.0, 2.0]];
    let series = |name, color| Series {
        name,
        color,
        points: &points,
    };
    for others in 0..3 {
        let mut all = vec![series("another", 0); others];
        all.push(series("this one", 2));
        let panel = Panel {
            series: &all,
            ..Panel::default()
        };
        let picture = curves(&Curves {
            panels: &[panel],
            ..Curves::default()
        })
        .unwrap();
        let mut pixels = picture.rgb().chunks_exact(3);
        assert!(pixels.any(|pixel| pixel == [0x66, 0xaa, 0x00]), "{others}");
    }
}

#[test]
fn a_point_beyond_its_axis_is_in_no_other_panel() {
    let steady: Vec<[f64; 2]> = (0..100)
        .map(|step| [f64::from(step), 1.0 + 0.2 * f64::from(step % 2)])
        .collect();
    let lower_half = |value: f64| {
        let few = [[0.0, 1.1], [50.0, value], [99.0, 1.1]];
        let both = [(0, &steady[..]), (1, &few[..])].map(|(color, points)| Series {
            name: "a",
            color,
            points,
        });
        let above = Panel {
            series: &both,
            ..Panel::default()
        };
        let below = Panel {
            series: &both[..1],
            ..Panel::default()
        };
        let picture = curves(&Curves {
            panels: &[above, below],
            ..Curves::default()
        })
        .unwrap();
        picture.rgb()[picture.rgb().len() / 2..].to_vec()
    };
    for beyond in [0.66, 0.68, 0.69] {
        assert!(lower_half(beyond) == lower_half(f64::NAN), "{beyond}");
    }
}

#[test]
fn input_that_makes_no_picture_is_an_error_that_says_why() {
    let pixels = greys(6);
    let images = Images::new(&pixels, 2, 3).unwrap();
    let none = Images::new(&[], 2, 3).unwrap();
    assert!(matches!(
        grid(&none, 3, &NOTHING),
        Err(VizError::Nothing { .. })
    ));
    assert!(matches!(
        grid(&images, 0, &NOTHING),
        Err(VizError::Nothing { .. })
    ));
    assert!(matches!(
        comparison(&[], 3, &NOTHING),
        Err(VizError::Nothing { .. })
    ));
    assert!(matches!(
        curves(&Curves::default()),
        Err(VizError::Nothing { .. })
    ));

    let labels = GridLabels {
        rows: &["only one".to_owned()],
        ..NOTHING
    };
    let error = grid(&images, 3, &labels).unwrap_err();
    assert_eq!(error.to_string(), "expected 2 row labels, found 1");

    let tall = Images::new(&pixels, 3, 2).unwrap();
    let rows = [
        Row { name: "a", images },
        Row {
            name: "b",
            images: tall,
        },
    ];
    let error = comparison(&rows, 3, &NOTHING).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row `b`: expected images of 2 x 3 pixels like the first row's, found 3 x 2"
    );

    let plot = Scatter {
        points: &[[0.0; 2]; 3],
        labels: &[1, 2],
        ..Scatter::default()
    };
    assert_eq!(
        scatter(&plot).unwrap_err().to_string(),
        "expected 3 labels, one for each point, found 2"
    );

    let wide = vec![0.0; 30_000];
    let one = Images::new(&wide, 1, 30_000).unwrap();
    assert!(matches!(
        grid(&one, 1, &NOTHING),
        Err(VizError::TooLarge { .. })
    ));
}

#[test]
fn more_columns_than_images_are_no_columns() {
    let pixels = greys(2);
    let images = Images::new(&pixels, 2, 3).unwrap();
    let picture = grid(&images, usize::MAX, &NOTHING).unwrap();
    assert_eq!(cells(&picture), [[10, 11]]);
}
