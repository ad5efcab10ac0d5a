//! The files of a run that a page shows: each is looked at before it is read, and none may be larger than ours are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aae_train::regular_file;

use super::PageError;

pub(super) const MIB: u64 = 1 << 20;
/// Largest picture.
const MOST_PICTURE: u64 = 16 * MIB;
/// Most bytes of pictures in a page.
const MOST_PICTURES: u64 = 64 * MIB;
/// Most pictures of one folder.
const MOST_OF_FOLDER: usize = 200;
/// Most pixels in a side of a picture.
const MOST_PIXELS: u32 = 20_000;

/// The pictures that training draws, in the order in which they are shown, and what each of them shows.
const KNOWN: [(&str, &str); 8] = [
    ("manifold", "The plane of codes, decoded"),
    ("styles", "Each style with every label or cluster"),
    ("clusters", "Images of each label or cluster"),
    ("latent", "The codes of the test images"),
    ("samples", "Draws of the prior, decoded"),
    ("reconstructions", "Test images, and what was made of them"),
    (
        "denoised",
        "Test images, corrupted, and what was made of them",
    ),
    ("losses", "Losses over the steps"),
];

/// Reads a file if it is there.
///
/// Errors: as [`regular_file::read`], but for a file that is not there.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, PageError> {
    match regular_file::read(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PageError::new(path, error)),
    }
}

/// A picture of a run.
#[derive(Debug)]
pub(super) struct Picture {
    /// Of the file, without its ending.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// In pixels, as the file says.
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The pictures of a page, and how much room is left for more.
#[derive(Debug)]
pub(super) struct Album {
    room: u64,
}

impl Album {
    pub(super) fn new() -> Self {
        Self {
            room: MOST_PICTURES,
        }
    }

    /// The PNG files directly in a folder, known ones first; what is no picture or too large is left out with a warning.
    pub(super) fn pictures(&mut self, folder: &Path) -> Vec<Picture> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            // A link could show a picture that is none of the run's.
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "png"))
            .collect();
        let stem = |path: &Path| {
            path.file_stem()
                .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
        };
        paths.sort_by_key(|path| {
            let name = stem(path);
            (place(&name).unwrap_or(KNOWN.len()), name)
        });
        if paths.len() > MOST_OF_FOLDER {
            let (folder, found) = (folder.display(), paths.len());
            tracing::warn!("{folder}: {found} pictures found, {MOST_OF_FOLDER} of them shown");
            paths.truncate(MOST_OF_FOLDER);
        }
        let mut pictures = Vec::new();
        for path in paths {
            match self.picture(&path, stem(&path)) {
                Ok(picture) => pictures.push(picture),
                Err(reason) => tracing::warn!("{}: left out: {reason}", path.display()),
            }
        }
        pictures
    }

    fn picture(&mut self, path: &Path, name: String) -> Result<Picture, String> {
        let bytes =
            regular_file::read(path, MOST_PICTURE).map_err(|error| match name.as_str() {
                "manifold" if error.kind() == io::ErrorKind::FileTooLarge => {
                    format!("{error}; `sample --grid` with fewer `--steps` makes a smaller one")
                }
                _ => error.to_string(),
            })?;
        let (width, height) = size(&bytes).ok_or("not a PNG file of a size that can be shown")?;
        self.room = self
            .room
            .checked_sub(bytes.len() as u64)
            .ok_or("the page has no room for more pictures")?;
        Ok(Picture {
            name,
            bytes,
            width,
            height,
        })
    }
}

/// Width and height of a PNG file, from its header.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    if header.get(4..8)? != b"IHDR" {
        return None;
    }
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let size = (number(8)?, number(12)?);
    let is_fit = |side: u32| (1..=MOST_PIXELS).contains(&side);
    (is_fit(size.0) && is_fit(size.1)).then_some(size)
}

/// Where a picture of this name stands among those that training draws.
fn place(name: &str) -> Option<usize> {
    KNOWN.iter().position(|(known, _)| *known == name)
}

/// Whether training draws a picture of this name.
pub(super) fn is_known(name: &str) -> bool {
    place(name).is_some()
}

/// What a picture of this name shows.
pub(super) fn caption(name: &str) -> String {
    match place(name) {
        Some(place) => KNOWN[place].1.to_owned(),
        None => name.replace(['_', '-'], " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(7_u32.to_be_bytes());
        bytes
    }

    #[test]
    fn known_pictures_come_first_and_what_is_none_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("another.png", png(5)),
            ("latent.png", png(5)),
            ("manifold.png", png(5)),
            ("text.png", b"text".to_vec()),
            ("huge.png", png(1 << 30)),
            ("nothing.png", png(0)),
            ("short.png", png(5)[..14].to_vec()),
            ("note.txt", png(5)),
        ] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        fs::create_dir(folder.path().join("folder.png")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(
            folder.path().join("latent.png"),
            folder.path().join("link.png"),
        )
        .unwrap();
        let pictures = Album::new().pictures(folder.path());
        let names: Vec<&str> = pictures
            .iter()
            .map(|picture| picture.name.as_str())
            .collect();
        assert_eq!(names, ["manifold", "latent", "another"]);
        assert_eq!((pictures[0].width, pictures[0].height), (5, 7));
    }

    #[test]
    fn folders_of_epochs_take_no_picture_s_place_and_known_ones_are_the_last_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for epoch in 0..2 * MOST_OF_FOLDER {
            fs::create_dir(folder.path().join(format!("epoch-{epoch:04}"))).unwrap();
        }
        for index in 0..MOST_OF_FOLDER {
            fs::write(folder.path().join(format!("{index}.png")), png(5)).unwrap();
        }
        fs::write(folder.path().join("manifold.png"), png(5)).unwrap();
        let pictures = Album::new().pictures(folder.path());
        assert_eq!(pictures.len(), MOST_OF_FOLDER);
        assert_eq!(pictures[0].name, "manifold");
    }

    #[test]
    fn a_page_has_room_for_so_many_pictures_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = png(5);
        bytes.resize((MOST_PICTURE) as usize, 0);
        for index in 0..6 {
            fs::write(folder.path().join(format!("{index}.png")), &bytes).unwrap();
        }
        assert_eq!(Album::new().pictures(folder.path()).len(), 4);
    }

    #[test]
    fn a_plane_too_large_for_a_page_says_how_a_smaller_one_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifold.png");
        let file = fs::File::create(&path).unwrap();
        file.set_len(MOST_PICTURE + 1).unwrap();
        let reason = |name: &str| Album::new().picture(&path, name.to_owned()).unwrap_err();
        assert!(reason("manifold").ends_with("fewer `--steps` makes a smaller one"));
        assert!(!reason("losses").contains("--steps"));
    }

    #[test]
    fn a_file_is_read_if_it_is_one_and_not_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(read(&path, 3).unwrap().is_none());
        fs::write(&path, "abc").unwrap();
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"abc");
        let says = |path, most| read(path, most).unwrap_err().to_string();
        assert!(says(&path, 2).contains("expected at most 2 bytes, found 3"));
        assert!(says(folder.path(), 2).contains("expected a regular file, found a directory"));
        // Only what no run of ours has left may go.
        assert!(says(&path, 2).ends_with("remove it, or train the run again"));
        let kept = PageError::new(&path, io::ErrorKind::PermissionDenied.into());
        assert!(!kept.to_string().contains("remove"), "{kept}");
    }
}
