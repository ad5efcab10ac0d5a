//! Headers that somebody else wrote.

use std::fs;
use std::path::Path;

use aae_train::checkpoint::load;

use crate::checkpoint;

/// A file with this header and this many bytes of data.
fn with_header(path: &Path, header: &str, data: usize) {
    let length = (header.len() as u64).to_le_bytes();
    fs::write(
        path,
        [&length[..], header.as_bytes(), &vec![0; data]].concat(),
    )
    .unwrap();
}

#[test]
fn hostile_headers_are_refused_before_anything_is_believed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    for (header, expected) in [
        ("[]", "header cannot be read"),
        ("{", "header cannot be read"),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "duplicate key `w`",
        ),
        (
            r#"{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            "duplicate field",
        ),
        (
            r#"{"w":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#,
            "tensor `w` has type F16, expected F32",
        ),
        (
            r#"{"a":{"dtype":"I64","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}"#,
            "tensor `a` has type I64, tensor `w` has type BF16, expected F32",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "expected 0..4",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            "expected 0..8",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#,
            "expected 0..4",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            "found 8 bytes of data",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
            "found 8 bytes of data",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
            "a shape that fits into memory",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#,
            "header cannot be read",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#,
            "unknown field `x`",
        ),
    ] {
        with_header(&path, header, 8);
        let error = load(&path).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        assert!(error.to_string().contains(expected), "{header}: {error}");
    }
    for claimed in [9_u64, 1 << 40, u64::MAX] {
        fs::write(&path, [&claimed.to_le_bytes()[..], b"{}"].concat()).unwrap();
        let error = load(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("claims {claimed} bytes")),
            "{error}"
        );
    }
}

#[test]
fn a_file_of_another_program_or_version_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    let foreign = safetensors::serialize([("w", view)], None).unwrap();
    fs::write(&path, foreign).unwrap();
    let error = load(&path).unwrap_err();
    assert!(error.to_string().contains("no `aae` metadata"), "{error}");

    checkpoint(5).write(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let version = br#"format_version\":1"#;
    let at = bytes
        .windows(version.len())
        .position(|window| window == version)
        .unwrap();
    let mut newer = bytes;
    newer[at + version.len() - 1] = b'7';
    fs::write(&path, newer).unwrap();
    let error = load(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected format version 1, found 7"),
        "{error}"
    );
}
