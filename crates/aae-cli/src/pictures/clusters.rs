//! Clusters or labels, one a row: what the decoder makes of the cluster alone, then the test images that belong to it most clearly.

use aae_data::Split;
use aae_eval::{EvalError, argmax_rows, label_logits_all, log_odds};
use aae_viz::{GridLabels, Images, grid};

use super::{Drawing, Subject, Told, decode};

/// Members of each cluster that are shown.
const MEMBERS: usize = 12;
/// Where there is no member: nearly white, as any cell without an image is.
const NO_MEMBER: f32 = 244.0 / 255.0;

/// A row for each cluster or label: its head (the decoder told of the cluster, with style 0), then its members, the surest first. A
/// cluster without members is said to be empty.
pub(crate) fn clusters(subject: &Subject<'_>, test: &Split) -> anyhow::Result<Drawing> {
    let autoencoder = subject.autoencoder;
    let (dim, ways) = (autoencoder.latent_dim(), autoencoder.categories());
    let image = autoencoder.image();
    let labels: Vec<u8> = (0..ways).map(|way| way as u8).collect();
    let heads = decode(autoencoder, &vec![0.0; ways * dim], Told::Labels(&labels))?;
    let members = surest(&label_logits_all(autoencoder, test)?, ways)?;
    let (mut pixels, mut names) = (Vec::new(), Vec::new());
    for (way, members) in members.iter().enumerate() {
        pixels.extend_from_slice(&heads[way * image.pixels()..][..image.pixels()]);
        let mut shown = Vec::new();
        test.gather(&members[..members.len().min(MEMBERS)], &mut shown);
        shown.resize(MEMBERS * image.pixels(), NO_MEMBER);
        pixels.append(&mut shown);
        names.push(match members.len() {
            0 => format!("{way}: empty"),
            n => format!("{way}: {n}"),
        });
    }
    let title = match subject.config.infers_clusters() {
        true => "Clusters: head, and the surest of their test images",
        false => "Labels: head, and the surest of the test images",
    };
    let empty = members.iter().filter(|members| members.is_empty()).count();
    let subtitle = subtitle(subject.caption, empty, ways);
    let mut columns = vec!["head".to_owned()];
    columns.resize(MEMBERS + 1, String::new());
    Ok(Box::new(move || {
        let labels = GridLabels {
            title,
            subtitle: &subtitle,
            rows: &names,
            columns: &columns,
        };
        let images = Images::new(&pixels, image.height, image.width)?;
        Ok(grid(&images, MEMBERS + 1, &labels)?)
    }))
}

/// The caption, and how many of all clusters or labels have no test image, if any: more than `eval` counts, where held-out images lie in some.
fn subtitle(caption: &str, empty: usize, ways: usize) -> String {
    match empty {
        0 => caption.to_owned(),
        n => format!("{caption} · {n} of {ways} without test images"),
    }
}

/// The positions of each cluster's images, the surest first; of equally sure ones the first.
fn surest(logits: &[f32], ways: usize) -> Result<Vec<Vec<u32>>, EvalError> {
    let mut members: Vec<Vec<(f64, u32)>> = vec![Vec::new(); ways];
    let rows = logits.chunks_exact(ways.max(1));
    for (position, (row, way)) in rows.zip(argmax_rows(logits, ways)?).enumerate() {
        let way = usize::from(way);
        members[way].push((log_odds(row, way), position as u32));
    }
    Ok(members
        .into_iter()
        .map(|mut members| {
            members.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            members.into_iter().map(|(_, position)| position).collect()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trained::tiny;

    #[test]
    fn members_that_there_are_none_of_are_pale_and_not_black() {
        let model = tiny::untrained("clustering-16");
        let white = tiny::split(vec![255; 6], vec![0]);
        let drawing = clusters(&model.subject(), &white).unwrap();
        let picture = drawing().unwrap();
        let mut pixels = picture.rgb().chunks_exact(3);
        assert!(pixels.all(|pixel| pixel != [0, 0, 0]));
        let pale = picture.rgb().iter().filter(|value| **value == 244).count();
        assert!(pale > picture.rgb().len() / 5, "{pale}");
    }

    #[test]
    fn a_subtitle_says_how_many_clusters_are_empty() {
        assert_eq!(subtitle("run", 0, 30), "run");
        let one = "run · 1 of 30 without test images";
        assert_eq!(subtitle("run", 1, 30), one);
    }

    #[test]
    fn members_come_surest_first_and_an_empty_cluster_has_none() {
        let logits = [
            1.0, 0.5, -9.0, -1.0, 0.5, -9.0, 2.0, 0.0, -9.0, 0.5, 0.5, -9.0,
        ];
        let expected: [&[u32]; 3] = [&[2, 0, 3], &[1], &[]];
        assert_eq!(surest(&logits, 3).unwrap(), expected);
    }
}
