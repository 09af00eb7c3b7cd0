//! Filters on times and durations.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::{Filter, Invocation};
use crate::template::dates::{self, Moment};
use crate::template::eval::Result;
use crate::template::eval::objects::type_name;
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("strftime", &["second", "utc"], strftime),
    Filter::new("to_datetime", &["format"], |call| {
        let Value::Str(text) = &call.input else {
            return Err(call.error(format!("takes a text, not an object of type '{}'", type_name(&call.input))));
        };
        let format = call.text(0)?.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".into());
        let moment: Moment = dates::strptime(text, &format).map_err(|why| call.error(why))?;
        Ok(Value::Object(std::sync::Arc::new(moment)))
    }),
    Filter::new("to_time_unit", &["unit", "year", "month"], |call| {
        let unit = call.text(0)?.unwrap_or_else(|| "ms".into());
        convert(call, &unit)
    }),
    Filter::new("to_milliseconds", &["year", "month"], |call| convert(call, "ms")),
    Filter::new("to_seconds", &["year", "month"], |call| convert(call, "s")),
    Filter::new("to_minutes", &["year", "month"], |call| convert(call, "m")),
    Filter::new("to_hours", &["year", "month"], |call| convert(call, "h")),
    Filter::new("to_days", &["year", "month"], |call| convert(call, "d")),
    Filter::new("to_weeks", &["year", "month"], |call| convert(call, "w")),
    Filter::new("to_months", &["year", "month"], |call| convert(call, "mo")),
    Filter::new("to_years", &["year", "month"], |call| convert(call, "y")),
];

fn strftime(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Str(format) = &call.input else {
        return Err(call.error(format!("takes a format, not an object of type '{}'", type_name(&call.input))));
    };
    let zone = if call.flag(1, false) { TimeZone::UTC } else { TimeZone::system() };
    let time: Zoned = match call.argument(0) {
        None | Some(Value::Null) => Timestamp::now().to_zoned(zone),
        Some(second) => {
            let seconds: Option<f64> = second.to_string().trim().parse().ok();
            let stamp = seconds.and_then(|seconds| Timestamp::from_microsecond((seconds * 1e6) as i64).ok());
            stamp
                .ok_or_else(|| call.error(format!("Invalid value for epoch value ({second}): it is a number of seconds since 1970")))?
                .to_zoned(zone)
        }
    };
    Ok(Value::from(dates::strftime(format, &time, false)))
}

/// community.general's units, in milliseconds; a year has 365 days and a month 30, unless `year=` and `month=` say otherwise.
fn convert(call: &Invocation<'_, '_>, unit: &str) -> Result<Value> {
    let days = |name: &str, default: f64| match call.arguments.keyword(name) {
        Some(Value::Int(days)) => *days as f64,
        Some(Value::Float(days)) => *days,
        _ => default,
    };
    const DAY: f64 = 86_400_000.0;
    let (year, month) = (days("year", 365.0) * DAY, days("month", 30.0) * DAY);
    let size = |unit: &str| {
        Some(match unit {
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1000.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000.0,
            "h" | "hour" | "hours" => 3_600_000.0,
            "d" | "day" | "days" => DAY,
            "w" | "week" | "weeks" => 7.0 * DAY,
            "mo" | "month" | "months" => month,
            "y" | "year" | "years" => year,
            _ => return None,
        })
    };
    let target = size(unit).ok_or_else(|| call.error(format!("{unit:?} is no unit of time")))?;
    let text = call.input_text()?;
    let mut total = 0.0;
    for word in text.split_whitespace() {
        let end = word.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(word.len());
        let found = word[..end].parse::<f64>().ok().zip(if end == word.len() { Some(1.0) } else { size(&word[end..].to_lowercase()) });
        match found {
            Some((count, unit)) => total += count * unit,
            None => return Err(call.error(format!("{text:?} is no duration such as `1h 30m`"))),
        }
    }
    Ok(Value::Float(total / target))
}
