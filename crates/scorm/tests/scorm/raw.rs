//! Zip files byte by byte, for what no library writes.

/// A file as it is claimed to be.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    /// Bytes unpacked, where the directory is to say something else than is true.
    pub(crate) size: Option<u32>,
    pub(crate) checksum: Option<u32>,
    /// Permissions of Unix with the kind of file.
    pub(crate) mode: u32,
}

impl Entry {
    pub(crate) fn new(name: &[u8], data: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            data: data.to_vec(),
            flags: 0,
            method: 0,
            size: None,
            checksum: None,
            mode: 0,
        }
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// Both headers begin with the same.
fn common(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = u32::try_from(entry.data.len()).unwrap();
    bytes.extend(20_u16.to_le_bytes());
    bytes.extend(entry.flags.to_le_bytes());
    bytes.extend(entry.method.to_le_bytes());
    bytes.extend([0, 0, 0x21, 0]);
    bytes.extend(entry.checksum.unwrap_or_else(|| checksum(&entry.data)).to_le_bytes());
    bytes.extend(packed.to_le_bytes());
    bytes.extend(entry.size.unwrap_or(packed).to_le_bytes());
    bytes.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

/// The zip file, whose end says that there are so many files.
pub(crate) fn zip_saying(entries: &[Entry], said: u16) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let start = u32::try_from(bytes.len()).unwrap();
        bytes.extend(b"PK\x03\x04");
        bytes.extend(common(entry));
        bytes.extend(&entry.name);
        bytes.extend(&entry.data);
        directory.extend(b"PK\x01\x02");
        // Made on Unix.
        directory.extend([20, 3]);
        directory.extend(common(entry));
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(start.to_le_bytes());
        directory.extend(&entry.name);
    }
    end(bytes, &directory, said)
}

fn end(mut bytes: Vec<u8>, directory: &[u8], said: u16) -> Vec<u8> {
    let at = u32::try_from(bytes.len()).unwrap();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(said.to_le_bytes());
    bytes.extend(said.to_le_bytes());
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    zip_saying(entries, u16::try_from(entries.len()).unwrap())
}

/// A zip file whose directory points at the same file again and again.
pub(crate) fn overlapping(entry: &Entry, names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(b"PK\x03\x04");
    bytes.extend(common(entry));
    bytes.extend(&entry.name);
    bytes.extend(&entry.data);
    let mut directory = Vec::new();
    for name in names {
        let entry = Entry { name: name.as_bytes().to_vec(), ..entry.clone() };
        directory.extend(b"PK\x01\x02");
        directory.extend([20, 3]);
        directory.extend(common(&entry));
        directory.extend([0; 14]);
        directory.extend(&entry.name);
    }
    end(bytes, &directory, u16::try_from(names.len()).unwrap())
}

/// The same with the end of zip64, which claims as many files and bytes as it likes.
pub(crate) fn zip64_saying(files: u64, directory_bytes: u64) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let at = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0]);
    bytes.extend([0; 8]);
    bytes.extend(files.to_le_bytes());
    bytes.extend(files.to_le_bytes());
    bytes.extend(directory_bytes.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(at.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xff; 12]);
    bytes.extend([0, 0]);
    bytes
}
