//! The anchor file: what the sealer appends to it, and how it is read back.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    str::FromStr,
};

use store::Instant;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::model::{Hash, Head};

/// No line of ours is as long: the longest has 19 digits, 64 digits, 27 characters, two spaces and its end.
const LONGEST_LINE: u64 = 160;

/// Where the head was at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) head: Head,
    pub(crate) at: Instant,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.head.number, self.head.hash, self.at)
    }
}

impl FromStr for Line {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split(' ');
        let (number, hash, at) = (words.next().ok_or(())?, words.next().ok_or(())?, words.next().ok_or(())?);
        let head = Head { number: number.parse().map_err(drop)?, hash: Hash::from_hex(hash).ok_or(())? };
        let line = Self { head, at: at.parse().map_err(drop)? };
        // Only what we would write ourselves: no plus sign, no leading zero, no other time format, nothing behind.
        if head.number > 0 && line.to_string() == text { Ok(line) } else { Err(()) }
    }
}

/// The last line, or `None` where there is none that can be read. Makes the file where it is missing.
pub(crate) fn last(path: &Path) -> io::Result<Option<Line>> {
    let mut file = open(path)?;
    Ok(Tail::of(&mut file)?.last)
}

/// Appends `line` durably, unless the last line is no longer `after`: then another process is at it, and this says `false`.
pub(crate) fn append(path: &Path, line: &Line, after: Option<&Line>) -> io::Result<bool> {
    let mut file = open(path)?;
    file.lock()?; // until the file is closed
    let tail = Tail::of(&mut file)?;
    if tail.last.as_ref() != after {
        return Ok(false);
    }
    let mut text = format!("{line}\n");
    // A crash while a line was written leaves a piece of it. Where the file may only grow, the piece stays a line of its own.
    if tail.torn > 0 && file.set_len(tail.length - tail.torn).is_err() {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(true)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = options.create(true).open(path)?;
            // The file's name is durable only with its folder.
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()?;
            Ok(file)
        }
        opened => opened,
    }
}

struct Tail {
    length: u64,
    last: Option<Line>,
    /// Bytes behind the last end of a line.
    torn: u64,
}

impl Tail {
    fn of(file: &mut File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let from = length.saturating_sub(2 * LONGEST_LINE);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(2 * LONGEST_LINE).read_to_end(&mut bytes)?;
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            // No line ends here: one piece, or what we never wrote and leave alone.
            return Ok(Self { length, last: None, torn: if from == 0 { length } else { 0 } });
        };
        let begin = bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let last = std::str::from_utf8(&bytes[begin..end]).ok().and_then(|text| text.parse().ok());
        Ok(Self { length, last, torn: (bytes.len() - end - 1) as u64 })
    }
}

/// What stands on one line of the file.
pub(crate) enum Found {
    Line(Line),
    /// Not `NUMBER HASH TIME`.
    Malformed,
    /// The last line, without an end.
    Torn,
}

/// Reads the file line by line, whatever is in it.
pub(crate) struct Reader {
    file: BufReader<tokio::fs::File>,
    /// The number of the line read last.
    pub(crate) line: u64,
}

impl Reader {
    pub(crate) async fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(tokio::fs::File::open(path).await?), line: 0 })
    }

    /// The next line, `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Found>> {
        let mut bytes = Vec::new();
        (&mut self.file).take(LONGEST_LINE).read_until(b'\n', &mut bytes).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if bytes.pop_if(|byte| *byte == b'\n').is_some() {
            let line = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
            return Ok(Some(line.map_or(Found::Malformed, Found::Line)));
        }
        if (bytes.len() as u64) < LONGEST_LINE {
            return Ok(Some(Found::Torn));
        }
        // Too long: on to its end, in pieces.
        while !bytes.is_empty() && bytes.last() != Some(&b'\n') {
            bytes.clear();
            (&mut self.file).take(8192).read_until(b'\n', &mut bytes).await?;
        }
        Ok(Some(Found::Malformed))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn line(number: i64) -> Line {
        let head = Head { number, hash: Hash::BEGINNING.followed_by(&number.to_be_bytes()) };
        Line { head, at: Instant::from_microseconds(1_700_000_000_000_000 + number) }
    }

    #[test]
    fn only_our_own_lines_are_read() {
        let text = line(7).to_string();
        assert_eq!(text.parse(), Ok(line(7)));
        let longest = Line { head: Head { number: i64::MAX, ..line(1).head }, ..line(1) };
        assert!(((longest.to_string().len() + 1) as u64) < LONGEST_LINE);
        for wrong in [
            "",
            "7",
            &format!("0{text}"),
            &format!("+{text}"),
            &format!("-{text}"),
            &format!("{text} "),
            &text.replace(' ', "  "),
            &text.replace('Z', ""),
            &text.replace("7 ", "0 "),
            &text.replace("7 ", "99999999999999999999 "),
        ] {
            assert_eq!(wrong.parse::<Line>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn it_is_made_for_its_owner_and_only_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        assert_eq!(last(&path).unwrap(), None);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(append(&path, &line(1), None).unwrap());
        assert!(append(&path, &line(2), Some(&line(1))).unwrap());
        assert!(!append(&path, &line(3), Some(&line(1))).unwrap(), "somebody else has appended a line");
        assert_eq!(last(&path).unwrap(), Some(line(2)));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n{}\n", line(1), line(2)));
        assert!(last(&folder.path().join("none").join("anchor")).is_err());
    }

    #[test]
    fn a_torn_line_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let piece = &line(2).to_string()[..40];
        for (before, known) in [(format!("{}\n", line(1)), Some(line(1))), (String::new(), None)] {
            std::fs::write(&path, format!("{before}{piece}")).unwrap();
            assert_eq!(last(&path).unwrap(), known);
            assert!(append(&path, &line(2), known.as_ref()).unwrap());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{before}{}\n", line(2)));
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let other = format!("{}\n", "x".repeat(1000));
        std::fs::write(&path, &other).unwrap();
        assert!(append(&path, &line(1), None).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{other}{}\n", line(1)));
    }

    #[tokio::test]
    async fn every_line_is_read_whatever_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let mut bytes = format!("{}\nnonsense\n\n{}\n", line(1), "9".repeat(100_000)).into_bytes();
        bytes.extend_from_slice(b"\xff\xfe\n");
        bytes.extend_from_slice(format!("{}\n{}", line(2), line(3)).as_bytes());
        std::fs::write(&path, bytes).unwrap();
        let mut reader = Reader::open(&path).await.unwrap();
        let mut seen = Vec::new();
        while let Some(read) = reader.next().await.unwrap() {
            seen.push(match read {
                Found::Line(line) => line.head.number.to_string(),
                Found::Malformed => "malformed".into(),
                Found::Torn => "torn".into(),
            });
        }
        assert_eq!(seen, ["1", "malformed", "malformed", "malformed", "malformed", "2", "torn"]);
        assert_eq!(reader.line, 7);
    }
}
