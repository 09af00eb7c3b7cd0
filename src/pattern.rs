//! Python's regular expressions (docs.python.org/3/library/re.html), which Ansible's users write, on top of `fancy_regex`.
//!
//! The syntax is translated where the two differ: `$` before a last newline, `\Z`, `[` and `&&` inside a set, braces that
//! count nothing, `\<`, comments. Replacement templates are Python's too: `\1`, `\g<name>`, `\n`.

mod template;
mod translate;

use fancy_regex::{Regex, RegexBuilder};

pub use template::Template;

/// What the groups of a pattern matched.
pub type Captures<'t> = fancy_regex::Captures<'t, str>;

/// How a pattern is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `re.M`: `^` and `$` also match at every newline.
    pub multiline: bool,
    /// `re.S`: `.` matches a newline too.
    pub dot_all: bool,
    /// `re.I`.
    pub ignore_case: bool,
    /// `re.A`, and what Python does for patterns of bytes: `\w`, `\d`, `\s` and `\b` know ASCII only.
    pub ascii: bool,
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// What is wrong with the pattern, as a sentence's end ("… is no regular expression: this").
    pub fn new(pattern: &str, options: Options) -> Result<Pattern, String> {
        let translated = translate::python(pattern, options)?;
        let regex = RegexBuilder::new(&translated).build().map_err(|error| match error.to_string() {
            why if why.contains("Target of repeat operator") => "nothing to repeat".into(),
            why => why,
        })?;
        Ok(Pattern(regex))
    }

    /// Whether it matches anywhere. A match that takes too many steps counts as none.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }

    /// Whether it matches at the start, as `re.match` does.
    pub fn matches_start(&self, text: &str) -> bool {
        self.captures(text, 0).and_then(|found| found.get(0)).is_some_and(|all| all.start() == 0)
    }

    /// The first match at or after the byte `from`.
    pub fn captures<'t>(&self, text: &'t str, from: usize) -> Option<Captures<'t>> {
        self.0.captures_from_pos(text, from).ok().flatten()
    }

    /// All matches, as `re.finditer` gives them: one may be empty and stand where the last one ended.
    pub fn all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let found = (from <= text.len()).then(|| self.captures(text, from)).flatten()?;
            let all = found.get(0)?;
            from = if all.end() > all.start() { all.end() } else { next_char(text, all.end()) };
            Some(found)
        })
    }

    /// How many groups there are, without the whole match.
    pub fn groups(&self) -> usize {
        self.0.captures_len().saturating_sub(1)
    }

    /// The number of a named group.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.0.capture_names().position(|known| known == Some(name))
    }

    /// Names of the groups, by number; the whole match is number 0.
    pub fn names(&self) -> Vec<Option<String>> {
        self.0.capture_names().map(|name| name.map(str::to_owned)).collect()
    }

    /// Replaces up to `limit` matches (0: all), as `re.subn` does; and how many there were.
    pub fn replace(&self, text: &str, template: &Template, limit: usize) -> (String, usize) {
        let mut out = String::new();
        let (mut count, mut copied) = (0, 0);
        for found in self.all(text).take(if limit == 0 { usize::MAX } else { limit }) {
            let Some(all) = found.get(0) else { break };
            out.push_str(&text[copied..all.start()]);
            template.expand(&found, &mut out);
            copied = all.end();
            count += 1;
        }
        out.push_str(&text[copied.min(text.len())..]);
        (out, count)
    }
}

fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Bytes as a text in which each is one character, so that patterns see bytes as Python's do; [`bytes`] turns it back.
pub fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes of a text made by [`latin`]. A character beyond a byte stands for its UTF-8.
pub fn bytes(latin: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(latin.len());
    for c in latin.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, template: &str, text: &str) -> String {
        let pattern = Pattern::new(pattern, Options::default()).unwrap();
        let template = Template::new(template, &pattern).unwrap();
        pattern.replace(text, &template, 0).0
    }

    #[test]
    fn what_python_does() {
        // Each line was run through Python's re.sub.
        for (pattern, template, text, expected) in [
            ("a$", "b", "a\n", "b\n"),
            ("(?m)a$", "b", "a\na", "b\nb"),
            (r"a\Z", "b", "a\n", "a\n"),
            ("[[]x", "b", "[x", "b"),
            ("[a&&b]+", "-", "x&b", "x-"),
            ("{{ (.*) }}", r"<\1>", "{{ v }}", "<v>"),
            ("x{2}y{,2}", "-", "xxyy", "-"),
            (r"\<a\>", "b", "<a>", "b"),
            (r"(?P<k>\w+)=(?P<v>.*)", r"\g<v>=\g<k>\g<0>", "a=1", "1=aa=1"),
            ("(a)|(b)", r"[\1\2]", "ab", "[a][b]"),
            ("x*", "-", "abxd", "-a-b--d-"),
            (r"(\w)\1", "d", "aab", "db"),
            (r"a(?=b)|(?<!x)c", "-", "ab ac xc", "-b a- xc"),
            ("(?i)A", "b", "aA", "bb"),
            (r"[\]a]", "-", "]a", "--"),
            (r"[]a]", "-", "]a", "--"),
            (r"\/\-\ \#\'", "-", "/- #'", "-"),
            ("a(?#comment)b", "-", "ab", "-"),
            (r"\d", r"\\\t\g<0>", "1", "\\\t1"),
            (r"é\u00e9", "-", "éé", "-"),
            ("(?s).+", "-", "a\nb", "-"),
            ("(?m)^", "# ", "a\nb", "# a\n# b"),
        ] {
            assert_eq!(sub(pattern, template, text), expected, "{pattern}");
        }
    }

    #[test]
    fn faults_are_named() {
        assert!(Pattern::new(r"\h", Options::default()).unwrap_err().contains(r"\h"));
        assert!(Pattern::new("(a", Options::default()).is_err());
        let pattern = Pattern::new("(a)", Options::default()).unwrap();
        assert_eq!(Template::new(r"\2", &pattern).unwrap_err(), "invalid group reference 2");
        assert_eq!(Template::new(r"\q", &pattern).unwrap_err(), r"bad escape \q");
    }

    #[test]
    fn bytes_go_through() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&latin(&all)), all);
    }
}
