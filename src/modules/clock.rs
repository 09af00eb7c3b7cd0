//! Times of day as the target's clock shows them: its time zone is read from /etc/localtime (TZif, RFC 8536), since a process
//! for it would cost more than the commands whose times are told.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::plan::Look;

/// Seconds since the epoch.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The target's time zone.
pub(crate) struct Zone {
    /// From this moment (seconds since the epoch) on, local time is that many seconds ahead of UTC.
    changes: Vec<(i64, i64)>,
    first: i64,
}

impl Zone {
    pub(crate) fn of(target: &dyn Look) -> Zone {
        let bytes = target.read(Path::new("/etc/localtime")).ok().flatten().unwrap_or_default();
        read(&bytes).unwrap_or(Zone { changes: Vec::new(), first: 0 })
    }

    /// `2026-01-31 12:00:00.123456`.
    pub(crate) fn moment(&self, time: f64) -> String {
        let micros = (time * 1e6).round() as i64;
        let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let local = seconds + self.offset(seconds);
        let ((year, month, day), second) = (date(local.div_euclid(86_400)), local.rem_euclid(86_400));
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let second = second % 60;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:06}")
    }

    /// Reads a local time in one of Python's formats (`%Y%m%d%H%M.%S`): seconds since the epoch; `None` where it does not fit.
    pub(crate) fn parse(&self, text: &str, format: &str) -> Option<f64> {
        let (mut year, mut month, mut day, mut second) = (1900, 1, 1, 0);
        let mut rest = text;
        let mut format = format.chars();
        while let Some(c) = format.next() {
            if c != '%' {
                rest = rest.strip_prefix(c)?;
                continue;
            }
            let letter = format.next()?;
            let most = match letter {
                'Y' => 4,
                's' => 20,
                '%' => {
                    rest = rest.strip_prefix('%')?;
                    continue;
                }
                'm' | 'd' | 'H' | 'M' | 'S' | 'y' => 2,
                'j' => 3,
                _ => return None,
            };
            let length = rest.chars().take(most).take_while(char::is_ascii_digit).count();
            let number: i64 = rest[..length].parse().ok()?;
            rest = &rest[length..];
            match letter {
                'Y' => year = number,
                'y' => year = if number < 69 { 2000 + number } else { 1900 + number },
                'm' => month = Some(number).filter(|n| (1..=12).contains(n))?,
                'd' => day = Some(number).filter(|n| (1..=31).contains(n))?,
                'j' => (month, day) = (1, number),
                'H' => second += Some(number).filter(|n| *n < 24)? * 3600,
                'M' => second += Some(number).filter(|n| *n < 60)? * 60,
                'S' => second += Some(number).filter(|n| *n < 62)?,
                _ => return rest.is_empty().then_some(number as f64),
            }
        }
        if !rest.is_empty() {
            return None;
        }
        let local = days(year, month, day) * 86_400 + second;
        // Twice: the first guess may lie on the other side of a change.
        let guess = local - self.offset(local);
        Some((local - self.offset(guess)) as f64)
    }

    fn offset(&self, moment: i64) -> i64 {
        match self.changes.partition_point(|(from, _)| *from <= moment) {
            0 => self.first,
            n => self.changes[n - 1].1,
        }
    }
}

/// `0:00:01.234567`, as Python shows a difference of times.
pub(crate) fn duration(seconds: f64) -> String {
    let micros = (seconds.max(0.0) * 1e6).round() as u64;
    let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, rest) = (whole / 86_400, whole % 86_400);
    let clock = format!("{}:{:02}:{:02}.{fraction:06}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        days => format!("{days} days, {clock}"),
    }
}

/// `Thu, 01 Jan 2026 00:00:00 GMT` (RFC 9110, 5.6.7).
pub(crate) fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(month - 1).rem_euclid(12) as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Days since the epoch of a date in the Gregorian calendar: years begin in March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day counted from the epoch.
fn date(days: i64) -> (i64, i64, i64) {
    let days_from_march = days + 719_468;
    let (era, of_era) = (days_from_march.div_euclid(146_097), days_from_march.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The 64-bit part of a TZif file.
fn read(bytes: &[u8]) -> Option<Zone> {
    let counts = |header: &[u8]| -> Option<[usize; 6]> {
        let mut all = [0; 6];
        for (i, count) in all.iter_mut().enumerate() {
            let at = 20 + 4 * i;
            *count = u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?) as usize;
        }
        Some(all)
    };
    if bytes.get(..4)? != b"TZif" || *bytes.get(4)? < b'2' {
        return None;
    }
    let [isut, isstd, leap, times, types, chars] = counts(bytes)?;
    let second = bytes.get(44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut..)?;
    let [_, _, _, times, types, _] = counts(second)?;
    let body = second.get(44..)?;
    let offset = |index: usize| -> Option<i64> {
        let at = times * 9 + index * 6;
        Some(i64::from(i32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?)))
    };
    let change = |i: usize| -> Option<(i64, i64)> {
        let from = i64::from_be_bytes(body.get(i * 8..i * 8 + 8)?.try_into().ok()?);
        Some((from, offset(usize::from(*body.get(times * 8 + i)?))?))
    };
    let changes = (0..times).map(change).collect::<Option<Vec<_>>>()?;
    Some(Zone { changes, first: if types > 0 { offset(0)? } else { 0 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let utc = Zone { changes: Vec::new(), first: 0 };
        assert_eq!(utc.moment(1_577_934_245.5), "2020-01-02 03:04:05.500000");
        assert_eq!(utc.parse("202001020304.05", "%Y%m%d%H%M.%S"), Some(1_577_934_245.0));
        assert_eq!(utc.parse("2020-01-02", "%Y-%m-%d"), Some(1_577_923_200.0));
        assert_eq!(utc.parse("2020-01-02", "%Y%m%d%H%M.%S"), None);
        assert_eq!(http_date(1_767_225_600), "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(duration(0.005006), "0:00:00.005006");
        let summer = Zone { changes: vec![(1_000, 7_200), (50_000, 3_600)], first: 3_600 };
        assert_eq!(summer.moment(2_000.0), "1970-01-01 02:33:20.000000");
        assert_eq!(summer.parse("1970-01-01 02:33:20", "%Y-%m-%d %H:%M:%S"), Some(2_000.0));
    }
}
