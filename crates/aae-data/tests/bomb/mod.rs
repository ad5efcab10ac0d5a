//! A gzip file that is small until it is read; the tests of the program look at it, too.

use flate2::{Compress, Compression, FlushCompress};

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
