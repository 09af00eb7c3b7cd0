//! `textwrap.wrap` (docs.python.org, "textwrap"), without its treatment of tabs.

use std::collections::VecDeque;

pub(crate) fn wrap(text: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let mut chunks = chunks(text, hyphens);
    let mut lines: Vec<String> = Vec::new();
    while !chunks.is_empty() {
        let mut line: Vec<String> = Vec::new();
        let mut length = 0;
        // White space that would begin a line is dropped, but for the first.
        if !lines.is_empty() && chunks.front().is_some_and(|chunk| chunk.trim().is_empty()) {
            chunks.pop_front();
        }
        while let Some(chunk) = chunks.pop_front() {
            let size = chunk.chars().count();
            if length + size > width {
                chunks.push_front(chunk);
                break;
            }
            length += size;
            line.push(chunk);
        }
        if let Some(chunk) = chunks.pop_front_if(|chunk| chunk.chars().count() > width) {
            if break_long {
                let mut head: String = chunk.chars().take(width - length).collect();
                if let Some(hyphen) = head.rfind('-').filter(|at| hyphens && head[..*at].contains(|c| c != '-')) {
                    head.truncate(hyphen + 1);
                }
                chunks.push_front(chunk[head.len()..].to_string());
                line.push(head);
            } else if line.is_empty() {
                line.push(chunk);
            } else {
                chunks.push_front(chunk);
            }
        }
        if line.last().is_some_and(|chunk| chunk.trim().is_empty()) {
            line.pop();
        }
        if !line.is_empty() {
            lines.push(line.concat());
        }
    }
    lines
}

/// Words and white space in turn; a word with hyphens between letters is several.
fn chunks(text: &str, hyphens: bool) -> VecDeque<String> {
    let mut out: VecDeque<String> = VecDeque::new();
    let chars: Vec<char> = text.chars().collect();
    let mut current = String::new();
    for (at, c) in chars.iter().enumerate() {
        let turn = current.chars().next_back().is_some_and(|last| last.is_whitespace() != c.is_whitespace());
        let hyphen = hyphens
            && at >= 3
            && chars[at - 1] == '-'
            && chars[at - 2].is_alphabetic()
            && chars[at - 3].is_alphanumeric()
            && c.is_alphabetic()
            && chars.get(at + 1).is_some_and(|next| next.is_alphanumeric());
        if turn || hyphen {
            out.push_back(std::mem::take(&mut current));
        }
        current.push(*c);
    }
    if !current.is_empty() {
        out.push_back(current);
    }
    out
}
