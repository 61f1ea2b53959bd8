use serde::{Deserialize, Serialize};

/// How much of anything a package may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of the zip file.
    pub packed_bytes: u64,
    /// Bytes of all its files together, unpacked.
    pub unpacked_bytes: u64,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// Files.
    pub files: usize,
    /// Unpacked, a file is so many times larger at most; those below 1 MiB may be what they like.
    pub ratio: u64,
    /// Bytes of `imsmanifest.xml`.
    pub manifest_bytes: u64,
    /// Bytes of what is kept of the manifest: the tree of items with their sequencing, as JSON.
    pub tree_bytes: usize,
    /// Folders within folders, and items within items.
    pub depth: usize,
    /// Items of the course.
    pub items: usize,
    /// Bytes of a file's path.
    pub path_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packed_bytes: 1024 * 1024 * 1024,
            unpacked_bytes: 2 * 1024 * 1024 * 1024,
            file_bytes: 1024 * 1024 * 1024,
            files: 20_000,
            ratio: 200,
            manifest_bytes: 4 * 1024 * 1024,
            tree_bytes: 2 * 1024 * 1024,
            depth: 24,
            items: 1_000,
            path_bytes: 400,
        }
    }
}
