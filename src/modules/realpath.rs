//! Paths made plain: `..` taken out, links followed.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::plan::Look;

/// As many links as the kernel follows (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// Where a path leads when every link in it is followed; what is missing stays as it is written (Python's `os.path.realpath`).
pub(crate) fn resolve(target: &dyn Look, path: &Path) -> PathBuf {
    let mut done = PathBuf::new();
    let mut todo: VecDeque<OsString> = parts(path);
    let mut links = 0;
    while let Some(part) = todo.pop_front() {
        if part == ".." {
            done.pop();
            continue;
        }
        let next = done.join(&part);
        let link = target.stat(&next, false).ok().flatten().and_then(|meta| meta.target);
        match link.filter(|_| links < MOST_LINKS) {
            Some(to) => {
                links += 1;
                if to.is_absolute() {
                    done = PathBuf::new();
                }
                for part in parts(&to).into_iter().rev() {
                    todo.push_front(part);
                }
            }
            None => done = next,
        }
    }
    done
}

/// The root is a part too.
fn parts(path: &Path) -> VecDeque<OsString> {
    let keep = |part: Component<'_>| match part {
        Component::CurDir => None,
        other => Some(other.as_os_str().to_owned()),
    };
    path.components().filter_map(keep).collect()
}
