//! Lines in the order of their keys, however many there are: sorted some at a time, then merged. What lies on the disk
//! meanwhile has no name, and is gone with the process.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
    rc::Rc,
};

use super::line::key;
use crate::scan::Key;

/// How many bytes of lines are sorted in memory.
const RUN: usize = 1 << 18;
/// How many runs are merged at once.
const AT_ONCE: usize = 32;
/// Longest line: a row of DynamoDB's has 400 KB, each byte of which may be written in six.
const LONGEST: u64 = 4 << 20;

/// A line with its end, and the key in it.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Line {
    /// The key.
    pub key: Key,
    /// The whole line.
    pub text: Vec<u8>,
}

/// A part of a file, read without a place in it that others would share.
pub struct Section {
    file: Rc<File>,
    at: u64,
    end: u64,
}

impl Section {
    /// From one byte to before another.
    pub const fn new(file: Rc<File>, at: u64, end: u64) -> Self {
        Self { file, at, end }
    }
}

impl Read for Section {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(into.len());
        let read = self.file.read_at(&mut into[..left], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The next line with its end; empty at the end of all.
///
/// # Errors
/// When it can't be read, or is longer than any row's.
pub fn next_line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(LONGEST).read_until(b'\n', &mut line)?;
    if line.len() as u64 == LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than any row"));
    }
    Ok(line)
}

/// The lines that have a key, in the order of their keys; lines without one are passed over.
///
/// # Errors
/// When the folder can't be written, or the lines can't be read.
pub fn sorted(lines: Section, folder: &Path) -> io::Result<Merged> {
    let (mut runs, mut run, mut bytes) = (Runs::new(folder)?, Vec::new(), 0);
    for line in Lines::of(lines) {
        let line = line?;
        bytes += line.text.len();
        run.push(line);
        if bytes >= RUN {
            runs.write_sorted(std::mem::take(&mut run))?;
            bytes = 0;
        }
    }
    runs.write_sorted(run)?;
    while runs.ends.len() > AT_ONCE {
        let mut longer = Runs::new(folder)?;
        let (file, sections) = runs.read()?;
        for sections in sections.chunks(AT_ONCE) {
            longer.write(Merged::of(&file, sections)?)?;
        }
        runs = longer;
    }
    let (file, sections) = runs.read()?;
    Merged::of(&file, &sections)
}

/// Sorted lines one behind the other.
struct Runs {
    file: BufWriter<File>,
    bytes: u64,
    ends: Vec<u64>,
}

impl Runs {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile_in(folder)?), bytes: 0, ends: Vec::new() })
    }

    fn write_sorted(&mut self, mut lines: Vec<Line>) -> io::Result<()> {
        lines.sort();
        self.write(lines.into_iter().map(Ok))
    }

    fn write(&mut self, lines: impl Iterator<Item = io::Result<Line>>) -> io::Result<()> {
        for line in lines {
            let line = line?;
            self.file.write_all(&line.text)?;
            self.bytes += line.text.len() as u64;
        }
        self.ends.push(self.bytes);
        Ok(())
    }

    fn read(self) -> io::Result<(Rc<File>, Vec<[u64; 2]>)> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let sections = starts.zip(&self.ends).map(|(start, end)| [start, *end]).collect();
        Ok((Rc::new(file), sections))
    }
}

/// The lines of a section that have a key.
pub struct Lines(BufReader<Section>);

impl Lines {
    /// Those of that section.
    pub fn of(section: Section) -> Self {
        Self(BufReader::new(section))
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = match next_line(&mut self.0) {
                Ok(text) if text.is_empty() => return None,
                Ok(text) => text,
                Err(error) => return Some(Err(error)),
            };
            if let Some(key) = key(&text) {
                return Some(Ok(Line { key, text }));
            }
        }
    }
}

/// Several runs as one.
pub struct Merged {
    runs: Vec<Lines>,
    heads: BinaryHeap<Reverse<(Line, usize)>>,
}

impl Merged {
    fn of(file: &Rc<File>, sections: &[[u64; 2]]) -> io::Result<Self> {
        let section = |[start, end]: &[u64; 2]| Section::new(Rc::clone(file), *start, *end);
        let runs = sections.iter().map(|of| Lines::of(section(of))).collect();
        let mut merged = Self { runs, heads: BinaryHeap::new() };
        for run in 0..merged.runs.len() {
            merged.pull(run)?;
        }
        Ok(merged)
    }

    fn pull(&mut self, run: usize) -> io::Result<()> {
        if let Some(line) = self.runs[run].next() {
            self.heads.push(Reverse((line?, run)));
        }
        Ok(())
    }
}

impl Iterator for Merged {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((line, run)) = self.heads.pop()?;
        Some(self.pull(run).map(|()| line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, lines: &[String]) -> Section {
        let mut file = tempfile::tempfile_in(folder).unwrap();
        let text = lines.concat();
        file.write_all(text.as_bytes()).unwrap();
        Section::new(Rc::new(file), 0, text.len() as u64)
    }

    /// More than are merged at once.
    #[test]
    fn many_runs_are_one_in_order_and_no_line_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let filling = "x".repeat(RUN / 100);
        let line = |number: usize| {
            let pk = number * 7919 % 4001;
            format!(
                "{{\"pk\":{{\"S\":\"{}\"}},\"sk\":{{\"S\":\"{number:05}\"}},\"x\":\"{filling}\"}}\n",
                pk / 4
            )
        };
        let lines: Vec<String> = (0..4001).map(line).collect();
        let sorted = sorted(written(folder.path(), &lines), folder.path()).unwrap();
        let mut expected: Vec<Line> = lines
            .iter()
            .map(|text| Line { key: key(text.as_bytes()).unwrap(), text: text.clone().into_bytes() })
            .collect();
        expected.sort();
        assert!(sorted.map(Result::unwrap).eq(expected));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_nothing_and_an_endless_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(sorted(written(folder.path(), &[]), folder.path()).unwrap().count(), 0);
        let endless = "x".repeat(5 << 20);
        assert!(sorted(written(folder.path(), &[endless]), folder.path()).is_err());
    }
}
