//! The task that a play begins with: gathering facts.

use std::sync::Arc;

use crate::playbook::{Action, Keywords, Play, Task};
use crate::yaml::Node;

/// `setup` with the play's settings for it.
pub(super) fn task(play: &Play) -> Task {
    let arguments = ["gather_subset", "gather_timeout", "fact_path"]
        .into_iter()
        .filter_map(|name| play.own.get(name).map(|node| (name.to_owned(), node.clone())))
        .collect();
    let mut keywords = Keywords::default();
    keywords.tags.push("always".into());
    made("Gathering Facts", "ansible.builtin.setup", arguments, keywords, &play.span, &play.folder)
}

/// A task that nobody wrote.
pub(super) fn made(
    name: &str,
    action: &str,
    arguments: Vec<(String, Node)>,
    keywords: Keywords,
    span: &crate::diag::Span,
    folder: &std::path::Path,
) -> Task {
    Task {
        name: Some(Node::string(name, span)),
        span: span.clone(),
        keywords: Arc::new(keywords),
        action: Action { name: action.to_owned(), name_span: span.clone(), arguments, rendered_arguments: None, foreign: None },
        repeat: None,
        loop_control: None,
        register: None,
        until: Vec::new(),
        retries: None,
        delay: None,
        changed_when: Vec::new(),
        failed_when: Vec::new(),
        listen: Vec::new(),
        asynchronous: None,
        poll: None,
        folder: folder.to_owned(),
    }
}
