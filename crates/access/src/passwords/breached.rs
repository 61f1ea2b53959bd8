//! Breached passwords: the operator's file of SHA-1 hashes, sorted, searched on disk and never read into memory.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use sha1::{Digest, Sha1};

/// A line is `HASH`, 40 hexadecimal digits, and may go on (`:COUNT`); so long it can be at most.
const LONGEST_LINE: usize = 128;

/// The operator's list.
#[derive(Debug)]
pub struct Breached {
    file: File,
    bytes: u64,
}

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the list of breached passwords {path:?} cannot be used: {says}")]
pub struct BreachedError {
    path: PathBuf,
    says: String,
}

impl Breached {
    /// Opens the list and looks at its first and last lines.
    ///
    /// # Errors
    /// Where it cannot be read, or is not made of sorted SHA-1 hashes.
    pub fn open(path: &Path) -> Result<Self, BreachedError> {
        let failed = |says: String| BreachedError { path: path.to_owned(), says };
        let file = File::open(path).map_err(|error| failed(error.to_string()))?;
        let bytes = file.metadata().map_err(|error| failed(error.to_string()))?.len();
        let list = Self { file, bytes };
        let mut places = [0, bytes / 4, bytes / 2, bytes / 4 * 3, bytes.saturating_sub(LONGEST_LINE as u64)];
        places.sort_unstable();
        let lines = places.map(|at| list.line_from(at).map(|line| line.map(|(_, hash)| hash)));
        let mut hashes = Vec::new();
        for line in lines {
            hashes.extend(line.map_err(|error| failed(error.to_string()))?);
        }
        if !hashes.is_sorted() {
            return Err(failed("it is not sorted by hash".into()));
        }
        Ok(list)
    }

    /// Whether this very password is on the list.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        let wanted = hex(&Sha1::digest(password.as_bytes()));
        // The invariant: the wanted line, if there, begins at `low` or later and before `high`.
        let (mut low, mut high) = (0, self.bytes);
        while low < high {
            let middle = low.midpoint(high);
            match self.line_from(middle)? {
                Some((begin, hash)) if begin < high => match hash.as_str().cmp(&wanted) {
                    std::cmp::Ordering::Equal => return Ok(true),
                    std::cmp::Ordering::Less => low = begin + 1,
                    std::cmp::Ordering::Greater => high = middle,
                },
                _ => high = middle,
            }
        }
        Ok(false)
    }

    /// The first line that begins at `at` or later: where, and its hash in capitals.
    fn line_from(&self, at: u64) -> io::Result<Option<(u64, String)>> {
        let mut buffer = [0; 2 * LONGEST_LINE];
        // One byte earlier, to see whether a line begins at `at` itself.
        let from = at.saturating_sub(1);
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read_at(&mut buffer[read..], from + read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        let bytes = &buffer[..read];
        let skipped = if at == 0 {
            0
        } else {
            bytes.iter().position(|byte| *byte == b'\n').map_or(read, |end| end + 1)
        };
        if skipped >= read {
            return Ok(None);
        }
        let hash = bytes[skipped..].get(..40).filter(|hash| hash.iter().all(u8::is_ascii_hexdigit));
        let hash = hash.ok_or_else(|| {
            io::Error::other("a line does not begin with a SHA-1 hash of 40 hexadecimal digits")
        })?;
        Ok(Some((from + skipped as u64, String::from_utf8_lossy(hash).to_ascii_uppercase())))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sha1::{Digest, Sha1};

    use super::{Breached, hex};

    fn list(lines: &[String]) -> (tempfile::TempDir, Result<Breached, super::BreachedError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached.txt");
        fs::write(&path, lines.concat()).unwrap();
        let opened = Breached::open(&path);
        (folder, opened)
    }

    #[test]
    fn every_line_is_found_and_nothing_else() {
        for ending in ["\n", ":3\n", ":12345\r\n"] {
            let words: Vec<String> = (0..500).map(|number| format!("word {number}")).collect();
            let mut lines: Vec<String> = words.iter().map(|word| hex(&Sha1::digest(word)) + ending).collect();
            lines.sort();
            let (_folder, opened) = list(&lines);
            let breached = opened.unwrap();
            for word in &words {
                assert!(breached.contains(word).unwrap(), "{word}");
            }
            for number in 500..1000 {
                assert!(!breached.contains(&format!("word {number}")).unwrap());
            }
        }
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        let hash = |word: &str| hex(&Sha1::digest(word)) + "\n";
        assert!(list(&["password\n".into()]).1.is_err(), "words instead of hashes");
        let mut unsorted: Vec<String> = (0..100).map(|number| hash(&number.to_string())).collect();
        unsorted.sort();
        unsorted.reverse();
        assert!(list(&unsorted).1.unwrap_err().to_string().contains("not sorted"));
        for few in 1..10 {
            let mut sorted: Vec<String> = (0..few).map(|number| hash(&number.to_string())).collect();
            sorted.sort();
            let (_folder, opened) = list(&sorted);
            assert!(opened.unwrap().contains("0").unwrap(), "{few} lines are a list too");
        }
        let (_folder, empty) = list(&[]);
        assert!(!empty.unwrap().contains("x").unwrap(), "an empty list holds nothing");
    }
}
