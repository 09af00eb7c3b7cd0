//! Running commands as the owner of the deploy folder: git and pip need no root, and what they write belongs to the owner.

use std::path::{Path, PathBuf};

use crate::plan::{Attributes, Command, Failure, Look, User};

/// Who owns what a deploy makes.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    user: User,
    /// Owner and group for new files; empty where the task runs as the owner anyway.
    pub(super) attributes: Attributes,
    /// What stands before a command so that it runs as the owner.
    prefix: Prefix,
}

#[derive(Clone, Debug)]
enum Prefix {
    None,
    Setpriv(PathBuf),
    Su(PathBuf),
}

impl Owner {
    /// The named user.
    pub(super) fn named(target: &dyn Look, argument: &str, name: &str) -> Result<Owner, Failure> {
        let user = target.user(name)?.ok_or_else(|| {
            Failure::argument(argument, format!("there is no user `{name}` on this host; provision it first, or set deploy_user"))
        })?;
        Owner::of(target, user)
    }

    /// Whoever owns `folder`.
    pub(super) fn of_folder(target: &dyn Look, folder: &Path) -> Result<Owner, Failure> {
        let meta = target
            .stat(folder, true)?
            .ok_or_else(|| Failure::new(format!("{} is not there: release_prepare makes it", folder.display())))?;
        let user = target.user(&meta.uid.to_string())?.unwrap_or(User {
            name: meta.uid.to_string(),
            uid: meta.uid,
            gid: meta.gid,
            comment: String::new(),
            home: PathBuf::from("/"),
            shell: PathBuf::from("/bin/sh"),
        });
        Owner::of(target, user)
    }

    fn of(target: &dyn Look, user: User) -> Result<Owner, Failure> {
        let attributes = Attributes { mode: None, uid: Some(user.uid), gid: Some(user.gid) };
        if target.uid() == user.uid {
            return Ok(Owner { user, attributes: Attributes::default(), prefix: Prefix::None });
        }
        if target.uid() != 0 {
            let name = &user.name;
            return Err(Failure::new(format!("this task does not run as `{name}`, who owns the deploy folder, nor as root: use become")));
        }
        // busybox's setpriv lacks --init-groups.
        let setpriv = target.which("setpriv").filter(|path| !is_busybox(target, path));
        let prefix = match (setpriv, target.which("su")) {
            (Some(path), _) => Prefix::Setpriv(path),
            (None, Some(path)) => Prefix::Su(path),
            (None, None) => return Err(Failure::new(format!("neither setpriv nor su is on this host to run commands as `{}`", user.name))),
        };
        Ok(Owner { user, attributes, prefix })
    }

    /// The command, run as the owner, with the owner's HOME and without questions that nobody would answer.
    pub(super) fn command<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>, cwd: &Path) -> Command {
        let argv: Vec<String> = argv.into_iter().map(Into::into).collect();
        let shown = argv.join(" ");
        let mut command = match &self.prefix {
            Prefix::None => Command::new(argv),
            Prefix::Setpriv(path) => {
                let ids = [format!("--reuid={}", self.user.uid), format!("--regid={}", self.user.gid), "--init-groups".into(), "--".into()];
                Command::new(std::iter::once(path.to_string_lossy().into_owned()).chain(ids).chain(argv))
            }
            Prefix::Su(path) => {
                let line: Vec<String> = argv.iter().map(|word| quote(word)).collect();
                let su = [path.to_string_lossy().into_owned(), "-s".into(), "/bin/sh".into(), "-c".into(), line.join(" ")];
                Command::new(su.into_iter().chain([self.user.name.clone()]))
            }
        };
        command.shown_as = Some(shown);
        command.cwd = Some(cwd.to_owned());
        command.umask = Some(0o022);
        for (name, value) in
            [("HOME", self.user.home.to_string_lossy().into_owned()), ("USER", self.user.name.clone()), ("LOGNAME", self.user.name.clone())]
        {
            command.env.insert(name.into(), value);
        }
        command.env.insert("GIT_TERMINAL_PROMPT".into(), "0".into());
        command
    }
}

fn is_busybox(target: &dyn Look, path: &Path) -> bool {
    let link = target.stat(path, false).ok().flatten().and_then(|meta| meta.target);
    link.is_some_and(|to| to.file_name().is_some_and(|name| name == "busybox"))
}

/// As one word for sh.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
