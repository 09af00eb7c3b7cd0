//! A time from text, as Python's `datetime.strptime` reads it (docs.python.org, "strftime() and strptime() Format Codes").

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::Moment;

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What was read so far.
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    day_of_year: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

/// # Errors
/// What does not fit, as the end of a sentence.
pub(crate) fn strptime(text: &str, format: &str) -> Result<Moment, String> {
    let mut parts =
        Parts { year: 1900, month: 1, day: 1, day_of_year: None, hour: 0, minute: 0, second: 0, nanos: 0, afternoon: None, offset: None };
    let rest = parts.read(text, format).map_err(|letter| match letter {
        Some(letter) => format!("`%{letter}` in the format {format:?} cannot be read"),
        None => format!("{text:?} does not fit the format {format:?}"),
    })?;
    if !rest.is_empty() {
        return Err(format!("{rest:?} of {text:?} is beyond the format {format:?}"));
    }
    parts.moment().ok_or_else(|| format!("{text:?} is no day of the calendar"))
}

/// The number at the start of a text, of up to so many digits, in its bounds.
fn number(text: &str, digits: usize, low: i64, high: i64) -> Option<(i64, &str)> {
    let end = text.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    // Fewer digits where all of them are too many: `%d%m` of "311".
    (1..=end)
        .rev()
        .find_map(|end| text[..end].parse().ok().filter(|number| (low..=high).contains(number)).map(|number| (number, &text[end..])))
}

/// Which of the names, whole or by their first three letters, begins the text.
fn name<'t>(text: &'t str, names: &[&str], short: bool) -> Option<(i8, &'t str)> {
    names.iter().zip(0..).find_map(|(name, index)| {
        let name = if short { &name[..3] } else { name };
        let head = text.get(..name.len())?;
        head.eq_ignore_ascii_case(name).then(|| (index, &text[name.len()..]))
    })
}

impl Parts {
    /// What is left of the text; the error is the letter that is no directive, or nothing where the text does not fit.
    fn read<'t>(&mut self, text: &'t str, format: &str) -> Result<&'t str, Option<char>> {
        let mut rest = text;
        let mut letters = format.chars();
        while let Some(c) = letters.next() {
            if c.is_whitespace() {
                let trimmed = rest.trim_start();
                if trimmed.len() == rest.len() {
                    return Err(None);
                }
                rest = trimmed;
                continue;
            }
            if c != '%' {
                rest = rest.strip_prefix(c).ok_or(None)?;
                continue;
            }
            let letter = letters.next().ok_or(Some('%'))?;
            rest = self.directive(letter, rest).ok_or(if "YmdHMSfybBaAjpIzZ%TDFR".contains(letter) { None } else { Some(letter) })?;
        }
        Ok(rest)
    }

    fn directive<'t>(&mut self, letter: char, text: &'t str) -> Option<&'t str> {
        let take = |digits, low, high| number(text, digits, low, high);
        match letter {
            'Y' => {
                let (year, rest) = take(4, 0, 9999).filter(|(_, rest)| text.len() - rest.len() == 4)?;
                self.year = year as i16;
                Some(rest)
            }
            'y' => {
                let (year, rest) = take(2, 0, 99)?;
                self.year = year as i16 + if year < 69 { 2000 } else { 1900 };
                Some(rest)
            }
            'm' => take(2, 1, 12).map(|(month, rest)| (self.month = month as i8, rest).1),
            'd' => take(2, 1, 31).map(|(day, rest)| (self.day = day as i8, rest).1),
            'H' => take(2, 0, 23).map(|(hour, rest)| (self.hour = hour as i8, rest).1),
            'I' => take(2, 1, 12).map(|(hour, rest)| (self.hour = hour as i8, rest).1),
            'M' => take(2, 0, 59).map(|(minute, rest)| (self.minute = minute as i8, rest).1),
            'S' => take(2, 0, 61).map(|(second, rest)| (self.second = second.min(59) as i8, rest).1),
            'j' => take(3, 1, 366).map(|(day, rest)| (self.day_of_year = Some(day as i16), rest).1),
            'f' => {
                let (fraction, rest) = take(6, 0, 999_999)?;
                self.nanos = fraction as i32 * 10_i32.pow(9 - (text.len() - rest.len()) as u32);
                Some(rest)
            }
            'b' | 'B' => name(text, &MONTHS, letter == 'b').map(|(month, rest)| (self.month = month + 1, rest).1),
            'a' | 'A' => name(text, &DAYS, letter == 'a').map(|(_, rest)| rest),
            'p' => name(text, &["AM", "PM"], false).map(|(half, rest)| (self.afternoon = Some(half == 1), rest).1),
            'z' => self.zone(text),
            'Z' => ["UTC", "GMT"].iter().find_map(|zone| text.strip_prefix(zone)),
            'T' => self.read(text, "%H:%M:%S").ok(),
            'R' => self.read(text, "%H:%M").ok(),
            'D' => self.read(text, "%m/%d/%y").ok(),
            'F' => self.read(text, "%Y-%m-%d").ok(),
            '%' => text.strip_prefix('%'),
            _ => None,
        }
    }

    /// `+0200`, `-02:30`, `Z`
    fn zone<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix('Z') {
            self.offset = Some(Offset::UTC);
            return Some(rest);
        }
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (hours, rest) = number(&text[1..], 2, 0, 23)?;
        let (minutes, rest) = number(rest.strip_prefix(':').unwrap_or(rest), 2, 0, 59)?;
        self.offset = Offset::from_seconds(sign * (hours as i32 * 3600 + minutes as i32 * 60)).ok();
        Some(rest)
    }

    fn moment(&self) -> Option<Moment> {
        let date = match self.day_of_year {
            Some(day) => Date::new(self.year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
            None => Date::new(self.year, self.month, self.day).ok()?,
        };
        let hour = match self.afternoon {
            None => self.hour,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        let time = Time::new(hour, self.minute, self.second, self.nanos).ok()?;
        Some(Moment { time: DateTime::from_parts(date, time), offset: self.offset })
    }
}
