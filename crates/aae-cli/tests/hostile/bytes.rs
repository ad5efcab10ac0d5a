//! Bytes that nobody should have written.

use std::io::Write;

use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};

/// An IDX file of images with any header, over the given pixels.
pub(crate) fn images(count: u32, height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for dimension in [count, height, width] {
        bytes.extend(dimension.to_be_bytes());
    }
    bytes.extend(pixels);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header, and after it 10 GiB of zeros, in 10 MB: one fully flushed deflate block of a mebibyte, over and over.
pub(crate) fn bomb(header: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut block = |bytes: &[u8]| {
        let mut block = Vec::with_capacity(8 << 10);
        compress
            .compress_vec(bytes, &mut block, FlushCompress::Full)
            .unwrap();
        block
    };
    let first = block(header);
    let zeros = vec![0; 1 << 20];
    block(&zeros); // the first may refer back to the header
    let mebibyte = block(&zeros);
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    file.extend(first);
    file.extend(mebibyte.repeat(10 << 10));
    file
}

/// A safetensors file of this header and so many zeros.
pub(crate) fn tensors(header: &str, data: usize) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &vec![0; data]].concat()
}
