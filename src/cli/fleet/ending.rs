//! What came of a deploy: the truth as the hosts tell it afterwards, and the exit code.

use std::sync::Arc;

use super::look::{Answers, Info};
use super::seen::Watch;

/// How a deploy ended, as the exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Ending {
    /// 0: every host runs the commit.
    Done,
    /// 2: it failed before anything went live; every host runs what it ran.
    Untouched,
    /// 3: it failed while going live; every host is back on what it ran.
    Back,
    /// 5: not every host runs what it should, or nobody can tell.
    Mixed,
}

/// A host in the last lines.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct Stands {
    pub(in crate::cli) host: Arc<str>,
    /// SHA that runs there; `None`: nothing.
    pub(in crate::cli) revision: Option<String>,
    /// In words.
    pub(in crate::cli) remark: String,
    pub(in crate::cli) good: bool,
}

impl Ending {
    pub(in crate::cli) fn code(self) -> u8 {
        match self {
            Ending::Done => 0,
            Ending::Untouched => 2,
            Ending::Back => 3,
            Ending::Mixed => 5,
        }
    }
}

/// Compares what the hosts ran before with what they say now.
pub(in crate::cli) fn judge(hosts: &[Arc<str>], sha: &str, before: &Answers, after: &Answers, watch: &Watch) -> (Ending, Vec<Stands>) {
    let mut stands = Vec::new();
    let (mut new, mut old, mut flipped) = (0, 0, false);
    for host in hosts {
        let seen = watch.of(host);
        flipped |= seen.flipped || seen.restored;
        let was = before.get(host).and_then(|answer| answer.as_ref().ok());
        let mut stand = |revision: Option<String>, remark: String, good: bool| {
            stands.push(Stands { host: host.clone(), revision, remark, good });
        };
        match after.get(host) {
            Some(Ok(now)) if now.runs(sha) => {
                old += usize::from(was.is_some_and(|was| was.runs(sha)));
                let asked = seen.answered.as_deref() == Some(sha);
                stand(Some(sha.to_owned()), if asked { "live, the process says so" } else { "live" }.to_owned(), true);
                new += 1;
            }
            Some(Ok(now)) if same(was, now) && seen.unwell.is_none() => {
                let remark = match (seen.restored, now.current.is_some()) {
                    (true, true) => "back on what it ran before",
                    (true, false) => "nothing runs, as before",
                    (false, true) => "as before",
                    (false, false) => "nothing runs, as before",
                };
                stand(now.current_revision.clone(), remark.to_owned(), true);
                old += 1;
            }
            Some(Ok(now)) => {
                let remark = match (seen.unwell, now.proved) {
                    (Some(why), _) => format!("points at what it ran before, which may not run: {why}"),
                    (None, true) => "runs something else".to_owned(),
                    (None, false) => "flipped and not proved".to_owned(),
                };
                stand(now.current_revision.clone(), remark, false);
            }
            Some(Err(silent)) if silent.unreachable && seen.flipped => {
                stand(None, "unreachable; it goes back by itself when it loses this machine".into(), false);
            }
            // What never got so far runs what it ran, whatever became of the connection.
            Some(Err(silent)) if !seen.flipped => {
                let revision = was.and_then(|was| was.current_revision.clone());
                stand(revision, format!("as before, as far as can be told: {}", silent.why), true);
                old += 1;
            }
            Some(Err(silent)) => {
                stand(None, format!("cannot be told: {}", silent.why), false);
            }
            None => {
                stand(None, "was not asked".into(), false);
            }
        }
    }
    let ending = match hosts.len() {
        all if new == all => Ending::Done,
        all if old == all && flipped => Ending::Back,
        all if old == all => Ending::Untouched,
        _ => Ending::Mixed,
    };
    (ending, stands)
}

fn same(was: Option<&Info>, now: &Info) -> bool {
    was.is_some_and(|was| was.current == now.current && was.current_revision == now.current_revision && was.proved == now.proved)
}

#[cfg(test)]
mod tests {
    use super::super::look::Silent;
    use super::*;

    fn runs(sha: &str) -> Info {
        Info { current: Some(format!("release of {sha}")), current_revision: Some(sha.into()), proved: true, ..Info::default() }
    }

    fn ending(before: [&str; 2], after: [Result<Info, Silent>; 2]) -> Ending {
        let hosts: Vec<Arc<str>> = vec!["web-1".into(), "web-2".into()];
        let before = hosts.iter().cloned().zip(before.map(|sha| Ok(runs(sha)))).collect();
        let after = hosts.iter().cloned().zip(after).collect();
        judge(&hosts, "new", &before, &after, &Watch::default()).0
    }

    #[test]
    fn the_exit_code_says_whether_the_fleet_is_mixed() {
        let silent = || Err(Silent { why: "no route".into(), unreachable: true });
        assert_eq!(ending(["old", "old"], [Ok(runs("new")), Ok(runs("new"))]), Ending::Done);
        assert_eq!(ending(["old", "older"], [Ok(runs("old")), Ok(runs("older"))]), Ending::Untouched);
        assert_eq!(ending(["old", "old"], [Ok(runs("new")), Ok(runs("old"))]), Ending::Mixed);
        assert_eq!(ending(["old", "old"], [Ok(runs("old")), silent()]), Ending::Untouched);
        // One ran the commit already: it failed on the other, and nothing has changed.
        assert_eq!(ending(["new", "old"], [Ok(runs("new")), Ok(runs("old"))]), Ending::Untouched);
        let pending = Info { proved: false, ..runs("new") };
        assert_eq!(ending(["old", "old"], [Ok(pending), Ok(runs("old"))]), Ending::Mixed);
    }
}
