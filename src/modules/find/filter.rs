//! Whether a file is one of those that are looked for.

use std::path::Path;

use super::{FileType, Find, Stamp};
use crate::modules::attributes::umask;
use crate::modules::clock::now;
use crate::modules::glob::Glob;
use crate::modules::mode::Mode;
use crate::pattern::{self, Options, Pattern};
use crate::plan::{Failure, Kind, Look, Meta};

pub(super) struct Filter {
    kind: FileType,
    names: Vec<Name>,
    not: Vec<Name>,
    /// Seconds; negative: at most.
    age: Option<(f64, Stamp)>,
    now: f64,
    /// Bytes; negative: at most.
    size: Option<f64>,
    contains: Option<(Pattern, bool)>,
    mode: Option<(Mode, bool)>,
    umask: u32,
}

enum Name {
    Glob(Glob),
    /// Fits the whole name.
    Pattern(Pattern),
}

impl Filter {
    pub(super) fn of(task: &Find, target: &dyn Look) -> Result<Filter, Failure> {
        let names = |argument: &str, patterns: &[String]| -> Result<Vec<Name>, Failure> {
            let wrong = |why: String| Failure::argument(argument, format!("`{argument}`: {why}"));
            patterns
                .iter()
                .map(|text| {
                    if task.use_regex {
                        let whole = format!("(?:{text})\\Z");
                        let pattern = Pattern::new(&whole, Options::default()).or_else(|_| Pattern::new(text, Options::default()));
                        pattern.map(Name::Pattern).map_err(wrong)
                    } else {
                        Glob::new(text).map(Name::Glob).map_err(wrong)
                    }
                })
                .collect()
        };
        let contains = match &task.contains {
            Some(text) if task.file_type == FileType::File => {
                let options = Options { ascii: true, ..Options::default() };
                let pattern = Pattern::new(&pattern::latin(text.as_bytes()), options)
                    .map_err(|why| Failure::argument("contains", format!("`contains` is no regular expression: {why}")))?;
                Some((pattern, task.read_whole_file))
            }
            _ => None,
        };
        let seconds = |letter: char| {
            Some(match letter {
                's' => 1.0,
                'm' => 60.0,
                'h' => 3_600.0,
                'd' => 86_400.0,
                'w' => 604_800.0,
                _ => return None,
            })
        };
        let bytes = |letter: char| {
            Some(match letter {
                'b' => 1.0,
                'k' => 1024.0,
                'm' => 1024.0_f64.powi(2),
                'g' => 1024.0_f64.powi(3),
                't' => 1024.0_f64.powi(4),
                _ => return None,
            })
        };
        Ok(Filter {
            kind: task.file_type,
            names: names("patterns", &task.patterns)?,
            not: names("excludes", &task.excludes)?,
            age: amount("age", task.age.as_deref(), seconds)?.map(|age| (age, task.age_stamp)),
            now: now(),
            size: amount("size", task.size.as_deref(), bytes)?,
            contains,
            mode: task.mode.clone().map(|mode| (mode, task.exact_mode)),
            umask: umask(target),
        })
    }

    pub(super) fn takes(&self, target: &dyn Look, name: &str, path: &Path, meta: &Meta) -> Result<bool, Failure> {
        let kind = match self.kind {
            FileType::Any => true,
            FileType::File => meta.kind == Kind::File,
            FileType::Directory => meta.kind == Kind::Folder,
            FileType::Link => meta.kind == Kind::Link,
        };
        Ok(kind
            && (self.names.is_empty() || self.names.iter().any(|pattern| pattern.fits(name)))
            && !self.not.iter().any(|pattern| pattern.fits(name))
            && self.age.is_none_or(|(least, stamp)| at_least(self.now - stamp.of(meta), least))
            && (meta.kind == Kind::Folder || self.size.is_none_or(|least| at_least(meta.size as f64, least)))
            && self.has_mode(meta)
            && self.holds(target, path)?)
    }

    fn has_mode(&self, meta: &Meta) -> bool {
        let Some((mode, exact)) = &self.mode else { return true };
        // A symbolic mode says which bits are set, starting from none.
        let bits = mode.bits(0, meta.kind == Kind::Folder, self.umask, None);
        if *exact { meta.mode == bits } else { meta.mode & bits == bits }
    }

    fn holds(&self, target: &dyn Look, path: &Path) -> Result<bool, Failure> {
        let Some((pattern, whole)) = &self.contains else { return Ok(true) };
        let text = pattern::latin(&target.read(path)?.unwrap_or_default());
        Ok(if *whole { pattern.is_match(&text) } else { text.split_inclusive('\n').any(|line| pattern.matches_start(line)) })
    }
}

impl Name {
    fn fits(&self, name: &str) -> bool {
        match self {
            Name::Glob(glob) => glob.fits(name),
            Name::Pattern(pattern) => pattern.matches_start(name),
        }
    }
}

impl Stamp {
    fn of(self, meta: &Meta) -> f64 {
        match self {
            Stamp::Atime => meta.atime,
            Stamp::Ctime => meta.ctime,
            Stamp::Mtime => meta.mtime,
        }
    }
}

fn at_least(value: f64, least: f64) -> bool {
    if least < 0.0 { value <= -least } else { value >= least }
}

/// `-2d`, `10k`: a number with a unit.
fn amount(argument: &str, text: Option<&str>, unit: impl Fn(char) -> Option<f64>) -> Result<Option<f64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let lower = text.trim().to_lowercase();
    let digits = lower.trim_start_matches('-').chars().take_while(char::is_ascii_digit).count() + usize::from(lower.starts_with('-'));
    let (number, rest) = lower.split_at(digits);
    let factor = rest.chars().next().map_or(Some(1.0), &unit);
    match (number.parse::<f64>(), factor) {
        (Ok(number), Some(factor)) => Ok(Some(number * factor)),
        _ => Err(Failure::argument(argument, format!("`{argument}` must be a number with a unit, not {text:?}"))),
    }
}
