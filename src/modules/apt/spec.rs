//! How a playbook names a package: `nginx`, `nginx:amd64`, `nginx=1.22*`, `nginx>=1.20`, `nginx/bookworm-backports`, `lib*`.

use std::cmp::Ordering;

use super::version::compare;
use crate::modules::glob::Glob;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// As written.
    pub(super) text: String,
    /// The package, perhaps a pattern.
    pub(super) name: String,
    pub(super) architecture: Option<String>,
    pub(super) version: Option<(Relation, String)>,
    /// A release or archive to take it from.
    pub(super) release: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Relation {
    /// The version may be a pattern.
    Is,
    AtLeast,
}

impl Spec {
    pub(super) fn parse(text: &str) -> Spec {
        let text = text.trim();
        let (rest, version) = if let Some((name, version)) = text.split_once(">=") {
            (name, Some((Relation::AtLeast, version.trim().to_owned())))
        } else if let Some((name, version)) = text.split_once('=') {
            (name.trim_end_matches('='), Some((Relation::Is, version.trim_start_matches('=').trim().to_owned())))
        } else {
            (text, None)
        };
        let (rest, release) = rest.split_once('/').map_or((rest, None), |(name, release)| (name, Some(release.trim().to_owned())));
        let (name, architecture) = rest.split_once(':').map_or((rest, None), |(name, arch)| (name, Some(arch.trim().to_owned())));
        Spec { text: text.to_owned(), name: name.trim().to_owned(), architecture, version, release }
    }

    pub(super) fn is_pattern(&self) -> bool {
        self.name.contains(['*', '?', '['])
    }

    /// A plain package name in place of the pattern.
    pub(super) fn named(&self, name: &str) -> Spec {
        let text = self.architecture.as_ref().map_or_else(|| name.to_owned(), |arch| format!("{name}:{arch}"));
        Spec { text, name: name.to_owned(), ..self.clone() }
    }

    /// Name and architecture, as apt and dpkg take them.
    pub(super) fn package(&self) -> String {
        self.architecture.as_ref().map_or_else(|| self.name.clone(), |arch| format!("{}:{arch}", self.name))
    }

    /// Whether this version will do.
    pub(super) fn accepts(&self, version: &str) -> bool {
        match &self.version {
            None => true,
            Some((Relation::AtLeast, least)) => compare(version, least) != Ordering::Less,
            Some((Relation::Is, wanted)) => wanted == version || Glob::new(wanted).is_ok_and(|pattern| pattern.fits(version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let spec = Spec::parse("libc6:i386=2.36-9*");
        assert_eq!((spec.name.as_str(), spec.architecture.as_deref()), ("libc6", Some("i386")));
        assert!(spec.accepts("2.36-9+deb12u10") && !spec.accepts("2.31-13"));
        let spec = Spec::parse("nginx>=1.20");
        assert!(spec.accepts("1.22.1-9") && !spec.accepts("1.18.0-6"));
        assert_eq!(Spec::parse("git/bookworm-backports").release.as_deref(), Some("bookworm-backports"));
        assert!(Spec::parse("lib*").is_pattern());
        // An epoch is part of the version, not an architecture.
        assert_eq!(Spec::parse("vim=2:9.0").version, Some((Relation::Is, "2:9.0".into())));
    }
}
