//! Points in time: `now()`, `to_datetime`, `strftime`, and the time between two of them.

mod read;
mod write;

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::eval::{Arguments, Fail, Result, objects};
use super::syntax::Operator;
use crate::diag::Diagnostic;
use crate::value::{Object, Value};

pub(crate) use read::strptime;
pub(crate) use write::strftime;

/// Python's `datetime`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) time: DateTime,
    /// Of one that knows its zone.
    pub(crate) offset: Option<Offset>,
}

/// Python's `timedelta`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) SignedDuration);

pub(crate) fn now(arguments: &Arguments) -> Result<Value> {
    let utc = arguments.get(0, "utc").is_some_and(Value::is_true);
    let zoned = if utc { Timestamp::now().to_zoned(TimeZone::UTC) } else { Zoned::now() };
    match arguments.get(1, "fmt") {
        None | Some(Value::Null) => Ok(moment(zoned.datetime())),
        Some(format) => Ok(Value::from(strftime(&format.to_string(), &zoned, true))),
    }
}

/// A time of this machine's clock, in its zone.
pub(crate) fn local(time: std::time::SystemTime) -> Option<Value> {
    let stamp = Timestamp::try_from(time).ok()?;
    Some(moment(stamp.to_zoned(TimeZone::system()).datetime()))
}

pub(crate) fn moment(time: DateTime) -> Value {
    Value::Object(Arc::new(Moment { time, offset: None }))
}

pub(crate) fn of(value: &Value) -> Option<Moment> {
    match value {
        Value::Object(object) => objects::downcast::<Moment>(object).copied(),
        _ => None,
    }
}

fn span(value: &Value) -> Option<Span> {
    match value {
        Value::Object(object) => objects::downcast::<Span>(object).copied(),
        _ => None,
    }
}

impl Moment {
    /// Since the beginning of 1970, in its own zone or in none.
    fn since_epoch(self) -> SignedDuration {
        let local = self.time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        self.offset.map_or(local, |offset| local - SignedDuration::from_secs(i64::from(offset.seconds())))
    }

    fn zoned(self) -> Result<Zoned> {
        let zone = self.offset.map_or_else(TimeZone::system, TimeZone::fixed);
        self.time.to_zoned(zone).map_err(|error| Fail::error(error.to_string()))
    }
}

/// `moment - moment`, `moment ± span`, `span ± span`.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Option<Value>> {
    let range = |error: jiff::Error| Fail::error(error.to_string());
    let spanned = |duration: SignedDuration| Value::Object(Arc::new(Span(duration)));
    let moved = |moment: Moment, time: DateTime| Value::Object(Arc::new(Moment { time, ..moment }));
    Ok(match (operator, of(left), span(left), of(right), span(right)) {
        (Operator::Sub, Some(a), _, Some(b), _) if a.offset.is_some() != b.offset.is_some() => {
            return Err(Fail::error("one of these times has a zone and the other has none"));
        }
        (Operator::Sub, Some(a), _, Some(b), _) => Some(spanned(a.since_epoch() - b.since_epoch())),
        (Operator::Add, Some(a), _, _, Some(b)) => Some(moved(a, a.time.checked_add(b.0).map_err(range)?)),
        (Operator::Sub, Some(a), _, _, Some(b)) => Some(moved(a, a.time.checked_sub(b.0).map_err(range)?)),
        (Operator::Add, _, Some(a), _, Some(b)) => a.0.checked_add(b.0).map(spanned),
        (Operator::Sub, _, Some(a), _, Some(b)) => a.0.checked_sub(b.0).map(spanned),
        _ => None,
    })
}

/// A number that orders moments among moments and spans among spans.
pub(crate) fn rank(value: &Value) -> Option<f64> {
    of(value).map(|moment| moment.since_epoch().as_secs_f64()).or_else(|| span(value).map(|span| span.0.as_secs_f64()))
}

/// As Python's `str(datetime)`.
fn text(moment: Moment) -> String {
    let time = moment.time;
    let micros = time.subsec_nanosecond() / 1000;
    let mut text = time.strftime("%Y-%m-%d %H:%M:%S").to_string();
    if micros != 0 {
        text.push_str(&format!(".{micros:06}"));
    }
    if let Some(offset) = moment.offset {
        let seconds = offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        text.push_str(&format!("{sign}{:02}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60));
    }
    text
}

impl Object for Moment {
    fn type_name(&self) -> &'static str {
        "datetime"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        let time = self.time;
        let number = match key.as_str().unwrap_or_default() {
            "year" => i64::from(time.year()),
            "month" => i64::from(time.month()),
            "day" => i64::from(time.day()),
            "hour" => i64::from(time.hour()),
            "minute" => i64::from(time.minute()),
            "second" => i64::from(time.second()),
            "microsecond" => i64::from(time.subsec_nanosecond() / 1000),
            _ => return Ok(None),
        };
        Ok(Some(Value::Int(number)))
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from(text(*self)))
    }
}

impl Object for Span {
    fn type_name(&self) -> &'static str {
        "timedelta"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        let seconds = self.0.as_secs();
        Ok(match key.as_str().unwrap_or_default() {
            "days" => Some(Value::Int(seconds.div_euclid(86_400))),
            "seconds" => Some(Value::Int(seconds.rem_euclid(86_400))),
            "microseconds" => Some(Value::Int(i64::from(self.0.subsec_micros()))),
            _ => None,
        })
    }

    /// As Python's `str(timedelta)`.
    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        let seconds = self.0.as_secs();
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
        Ok(Value::from(match days {
            0 => clock,
            1 | -1 => format!("{days} day, {clock}"),
            _ => format!("{days} days, {clock}"),
        }))
    }
}

/// Methods of dates.
pub(crate) fn method(value: &Value, name: &str, arguments: &Arguments) -> Option<Result<Value>> {
    if let Some(Span(duration)) = span(value) {
        return (name == "total_seconds").then(|| Ok(Value::Float(duration.as_secs_f64())));
    }
    let moment = of(value)?;
    let time = moment.time;
    Some(match name {
        "strftime" => {
            let format = arguments.positional.first().map(ToString::to_string).unwrap_or_default();
            moment.zoned().map(|zoned| Value::from(strftime(&format, &zoned, true)))
        }
        "isoformat" => Ok(Value::from(text(moment).replacen(' ', "T", 1))),
        "timestamp" => moment.zoned().map(|zoned| Value::Float(zoned.timestamp().as_microsecond() as f64 / 1e6)),
        "date" => Ok(Value::from(time.strftime("%Y-%m-%d").to_string())),
        "time" => Ok(Value::from(text(Moment { offset: None, ..moment }).split_off(11))),
        "weekday" => Ok(Value::Int(i64::from(time.weekday().to_monday_zero_offset()))),
        "isoweekday" => Ok(Value::Int(i64::from(time.weekday().to_monday_one_offset()))),
        _ => return None,
    })
}
