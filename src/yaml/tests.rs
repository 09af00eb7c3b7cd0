//! What readers of YAML may rely on.

use super::*;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { path: "t.yml".into(), text: text.into() })
}

fn one(text: &str) -> Node {
    load(&source(text)).expect("loads").single().expect("one document").expect("not empty")
}

/// The error as `line:column message / help`.
fn failure(text: &str) -> String {
    let error = load(&source(text)).map(|l| l.documents).expect_err(text);
    let span = error.span.expect("has a place");
    format!("{}:{} {} / {}", span.line, span.column, error.message, error.help.join(" / "))
}

#[test]
fn every_node_covers_its_own_text() {
    let node =
        one("a: 'x y' # c\nb: !vault |\n  $ANSIBLE\n  12\n\nc: &k [1, \"z\"]\nd:\n  - e: f g\n  - *k\nh: !unsafe\n  i: j\nnone:\nlast: 1");
    let shown = |key: &str| node.get(key).map(|n| n.span().text()).expect("there");
    assert_eq!(shown("a"), "'x y'");
    assert_eq!(shown("b"), "|\n  $ANSIBLE\n  12");
    assert_eq!(shown("c"), "[1, \"z\"]");
    assert_eq!(shown("d"), "- e: f g\n  - *k");
    assert_eq!(shown("h"), "i: j");
    assert_eq!(shown("none"), "");
    let d = node.get("d").expect("d").as_list().expect("list")[0].get("e").expect("e").clone();
    assert_eq!((d.span().text(), d.span().line, d.span().column), ("f g", 8, 8));
    let h = node.get("h").expect("h");
    assert_eq!((h.span().line, h.span().column), (11, 3));
}

#[test]
fn unsafe_covers_what_is_in_it_also_through_aliases() {
    let node = one("a: &x ['{{ b }}']\nc: !unsafe\n  - '{{ d }}'\n  - *x\n");
    assert!(node.get("a").expect("a").has_template());
    for item in node.get("c").and_then(Node::as_list).expect("list") {
        assert!(!item.has_template());
    }
    assert_eq!(node.get("c").and_then(|c| c.as_list()?[1].as_list()?[0].tag().cloned()), Some(Tag::Unsafe));
}

#[test]
fn merged_entries_yield_and_come_first() {
    let node = one("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {d: 0, a: 9, <<: [*x, *y]}\n");
    assert_eq!(format!("{:?}", node.get("z").expect("z")), "{\"b\": 2, \"c\": 4, \"a\": 9, \"d\": 0}");
}

#[test]
fn a_duplicate_key_warns_and_the_last_counts() {
    let loaded = load(&source("a: 1\nb: 2\na: 3\n")).expect("loads");
    assert_eq!(loaded.warnings.len(), 1);
    assert_eq!(loaded.warnings[0].to_string(), "t.yml:3:1: Found duplicate mapping key 'a'.");
    assert_eq!(format!("{:?}", loaded.documents[0]), "{\"a\": 3, \"b\": 2}");
}

#[test]
fn empty_texts_have_no_document() {
    for text in ["", "\n", "# only a comment", "---\n", "\u{feff}"] {
        assert!(load(&source(text)).expect(text).documents.is_empty(), "{text:?}");
    }
    assert_eq!(load(&source("a\n---\nb\n")).expect("loads").documents.len(), 2);
}

#[test]
fn usual_mistakes_are_explained() {
    for (text, expected) in [
        ("a:\n\tb: 1\n", "2:1 a tab is used for indentation / YAML is indented with spaces only: replace the tab"),
        ("a: {{ b }}\n", "1:4 a value that begins with `{{` must be quoted / write `\"{{ b }}\"`"),
        ("a: {{ b }}/c\nd: 1\n", "1:4 a value that begins with `{{` must be quoted / write `\"{{ b }}/c\"`"),
        ("- {{ b[\"c\"] }}\n", "1:3 a value that begins with `{{` must be quoted / write `'{{ b[\"c\"] }}'`"),
        ("name: run: it\n", "1:10 a second `:` on this line / quote the value: `\"run: it\"`"),
        ("a:\n  b:1\n  c: 2\n", "2:4 a space is missing after `:` / write `b: 1`"),
        (
            "a: \"x\" y\n",
            "1:8 text after the closing quote / put the whole value in quotes; a \" inside it needs the other kind of quotes around",
        ),
        ("a: \"x\nb: 1\n", "1:4 this quote is never closed / add the closing quote; a quote in single quotes is written twice"),
        ("a: \"\\d\"\n", "1:5 `\\d` is no escape in double quotes / use single quotes, or double the backslash"),
        ("a: @b\n", "1:4 a value cannot begin with `@` / quote it: `\"@b\"`"),
        ("a: *b\n", "1:4 no anchor `&b` above this alias / quote the value where `*` is part of its text"),
        (
            "a: !vualt x\n",
            "1:4 unknown tag `!vualt` / did you mean `!vault`? / `!vault` and `!unsafe` are known, and YAML's own (`!!str`, …); quote the value where `!` is part of its text",
        ),
        (
            "a:\n    b: 1\n  c: 2\n",
            "3:3 expected a key here / indent this line to column 1, like the dictionary it belongs to, or to column 5, like the line above",
        ),
        ("a: [1, 2\nb: 3\n", "2:2 expected `,` or `]` here / quote a value that has `:`, `,`, brackets or braces in it"),
        (
            "a: 1\n- b\n",
            "2:1 expected a key here / a list item cannot stand among the keys of a dictionary: indent the list under its own key",
        ),
        ("a: &x [*x]\n", "1:8 `*x` stands inside what it names / "),
        (
            "a: \u{1}\n",
            "1:4 a control character (U+0001) is not allowed here / remove it; in double quotes it can be written as an escape, such as `\\x1b`",
        ),
        ("a: !!int x\n", "1:4 this is not a whole number / "),
        ("a: [!x, b]\n", "1:5 this is not YAML / quote the text where `!` is part of it"),
    ] {
        assert_eq!(failure(text), expected, "{text}");
    }
}

#[test]
fn bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let row = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{row}]\n"));
    }
    assert!(failure(&bomb).contains("aliases"));
    assert!(failure(&"[\n".repeat(100_000)).contains("nested more than"));
    assert!(failure(&"- ".repeat(100_000)).contains("nested more than"));
}
