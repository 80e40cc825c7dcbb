//! An export as a file: a header, a line a row in the order of their keys, and a last line that seals all before it.

use std::{
    cmp::Ordering,
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

use aws_lc_rs::digest::{Context, Digest, SHA256};
use serde::{Deserialize, Serialize};

use super::{
    line::key,
    sort::{Line, Lines, Section, next_line},
};
use crate::{
    failed::Failed,
    half::Half,
    journal::{failed, private},
};

/// The form of the file. A change that a reader must know of gets the next number.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// The form of the file.
    custodian_export: u32,
    /// The half that it is of.
    pub half: String,
    /// The table.
    pub table: String,
    /// When the export began, by DynamoDB's clock. Rows that came later may be in it or not.
    pub started_at: String,
}

/// The last line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trailer {
    /// How many rows there are.
    pub rows: u64,
    /// SHA-256 of all bytes before this line, in hex.
    pub sha256: String,
}

impl Header {
    /// That of an export that began then.
    pub fn new(half: Half, table: &str, started_at: String) -> Self {
        Self { custodian_export: FORMAT, half: half.to_string(), table: table.into(), started_at }
    }
}

/// A SHA-256 in hex.
pub fn hex_of(digest: &Digest) -> String {
    hex::encode(digest)
}

/// Writes an export, to the disk and no further than that.
///
/// # Errors
/// When a line can't be read or written.
pub fn write(
    path: &Path,
    header: &Header,
    lines: impl Iterator<Item = io::Result<Line>>,
) -> io::Result<Trailer> {
    let mut file = Hashed { to: BufWriter::new(private(path)?), hash: Context::new(&SHA256) };
    file.put(format!("{}\n", serde_json::to_string(header)?).as_bytes())?;
    let (mut rows, mut last) = (0, None);
    for line in lines {
        let line = line?;
        // A table has one row of a key.
        if last.as_ref() != Some(&line.key) {
            file.put(&line.text)?;
            rows += 1;
        }
        last = Some(line.key);
    }
    let Hashed { mut to, hash } = file;
    let trailer = Trailer { rows, sha256: hex_of(&hash.finish()) };
    writeln!(to, "{}", serde_json::to_string(&trailer)?)?;
    to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(trailer)
}

struct Hashed {
    to: BufWriter<File>,
    hash: Context,
}

impl Hashed {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.to.write_all(bytes)
    }
}

/// An export that was read to its end and is as it was written.
pub struct Archive {
    /// Its first line.
    pub header: Header,
    /// Its last line.
    pub trailer: Trailer,
    path: PathBuf,
    file: Rc<File>,
    /// Where the rows begin and end.
    rows: [u64; 2],
}

impl Archive {
    /// Opens an export and reads it once.
    ///
    /// # Errors
    /// When it is none, is cut, or was edited.
    pub fn open(path: &Path) -> Result<Self, Failed> {
        let file = File::open(path).map_err(|error| Failed::usage(format!("{}: {error}", path.display())))?;
        let bytes = file.metadata().map_err(failed(path))?.len();
        let file = Rc::new(file);
        let refused = |why| match why {
            Refused::Here(error) => failed(path)(error),
            Refused::None => {
                Failed::usage(format!("{}: this is no export of `custodian export`", path.display()))
            }
            Refused::Format(format) => {
                Failed::usage(format!("{}: this build does not know format {format}", path.display()))
            }
            Refused::Broken(why) => Failed::not_done(format!(
                "{}: {why}: nothing was compared. Take another copy of it",
                path.display()
            )),
        };
        let (header, trailer, rows) = check(Section::new(Rc::clone(&file), 0, bytes)).map_err(refused)?;
        Ok(Self { header, trailer, path: path.into(), file, rows })
    }

    /// Opens an export of that half.
    ///
    /// # Errors
    /// When it is of the other half, and those of [`Archive::open`].
    pub fn of(path: &Path, half: Half) -> Result<Self, Failed> {
        let archive = Self::open(path)?;
        let exported = &archive.header.half;
        if *exported == half.to_string() {
            return Ok(archive);
        }
        Err(Failed::usage(format!("{}: this is an export of the {exported} half", path.display())))
    }

    /// The rows' lines, in the order of their keys.
    pub fn lines(&self) -> impl Iterator<Item = Result<Line, Failed>> + use<'_> {
        let [start, end] = self.rows;
        let lines = Lines::of(Section::new(Rc::clone(&self.file), start, end));
        lines.map(|line| line.map_err(failed(&self.path)))
    }
}

/// Why a file is no export to be trusted.
enum Refused {
    Here(io::Error),
    None,
    Format(u32),
    Broken(&'static str),
}

const CUT: Refused = Refused::Broken("this export is cut: its last line is missing");
const EDITED: Refused =
    Refused::Broken("this export was edited or damaged: its last line does not fit the lines before it");

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::InvalidData { EDITED } else { Self::Here(error) }
    }
}

/// Reads a whole export.
fn check(all: Section) -> Result<(Header, Trailer, [u64; 2]), Refused> {
    let mut from = BufReader::new(all);
    let (first, mut hash) = (next_line(&mut from).map_err(none)?, Context::new(&SHA256));
    let header: Header = serde_json::from_slice(&first).map_err(|_| Refused::None)?;
    if header.custodian_export != FORMAT {
        return Err(Refused::Format(header.custodian_export));
    }
    hash.update(&first);
    let (start, mut rows, mut last) = (first.len() as u64, 0, None);
    let mut end = start;
    loop {
        let line = next_line(&mut from)?;
        if line.last() != Some(&b'\n') {
            return Err(CUT);
        }
        let Some(key) = key(&line) else {
            let trailer: Trailer = serde_json::from_slice(&line).map_err(|_| EDITED)?;
            let told = Trailer { rows, sha256: hex_of(&hash.finish()) };
            let is_last = next_line(&mut from)?.is_empty();
            return if told == trailer && is_last {
                Ok((header, trailer, [start, end]))
            } else {
                Err(EDITED)
            };
        };
        if last.as_ref().is_some_and(|last| key.cmp(last) != Ordering::Greater) {
            return Err(EDITED);
        }
        hash.update(&line);
        (rows, end, last) = (rows + 1, end + line.len() as u64, Some(key));
    }
}

/// What begins with an endless line is something else.
fn none(error: io::Error) -> Refused {
    if error.kind() == io::ErrorKind::InvalidData { Refused::None } else { Refused::Here(error) }
}
