//! The target's clock and time zone.

use serde_json::json;

use super::Facts;
use crate::plan::{Command, Look};

/// Asks `date` once: only it knows the local time zone.
pub(super) fn gather(target: &dyn Look) -> Facts {
    let format = "+%s|%N|%Y|%m|%d|%H|%M|%S|%A|%w|%W|%Z|%z";
    let mut question = Command::new(["date", format]);
    question.env.insert("LC_ALL".into(), "C".into());
    let Ok(answer) = target.ask(&question) else { return Facts::new() };
    let answer = answer.text();
    let fields: Vec<&str> = answer.trim().split('|').collect();
    let [epoch, nanos, year, month, day, hour, minute, second, weekday, number, week, zone, offset] = fields[..] else {
        return Facts::new();
    };
    // busybox's date does not know %N.
    let micro = nanos.get(..6).filter(|m| m.chars().all(|c| c.is_ascii_digit())).unwrap_or("000000");
    let (utc_date, utc_time) = utc(epoch.parse().unwrap_or(0));
    let facts = json!({
        "year": year, "month": month, "day": day, "hour": hour, "minute": minute, "second": second,
        "weekday": weekday, "weekday_number": number, "weeknumber": week,
        "date": format!("{year}-{month}-{day}"),
        "time": format!("{hour}:{minute}:{second}"),
        "epoch": epoch, "epoch_int": epoch,
        "iso8601": format!("{utc_date}T{utc_time}Z"),
        "iso8601_micro": format!("{utc_date}T{utc_time}.{micro}Z"),
        "iso8601_basic": format!("{year}{month}{day}T{hour}{minute}{second}{micro}"),
        "iso8601_basic_short": format!("{year}{month}{day}T{hour}{minute}{second}"),
        "tz": zone, "tz_dst": zone, "tz_offset": offset,
    });
    Facts::from_iter([("date_time".to_owned(), facts)])
}

/// Date and time of day of a moment in UTC (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": civil_from_days).
pub(super) fn utc(epoch: i64) -> (String, String) {
    let (days, seconds) = (epoch.div_euclid(86_400) + 719_468, epoch.rem_euclid(86_400));
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let time = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    (format!("{year:04}-{month:02}-{day:02}"), time)
}
