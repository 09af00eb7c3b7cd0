//! How much is shown, and in which form.

/// How much is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verbosity {
    /// The number of -v.
    pub level: u8,
    pub diff: bool,
    /// Nothing is changed.
    pub check: bool,
}

/// Settings of the views; the names are those of Ansible's default callback.
#[derive(Clone, Debug)]
pub struct Style {
    pub verbosity: Verbosity,
    /// Results as YAML, not as JSON.
    pub yaml: bool,
    /// As the callback `yaml` writes it: `changed` stands before the lines.
    pub changed_first: bool,
    /// Over several lines; `None`: only what was made to be read, and with -vvv.
    pub pretty: Option<bool>,
    /// Blanks of a level.
    pub indent: usize,
    pub ok: bool,
    pub skipped: bool,
    pub failed_on_stderr: bool,
    pub arguments: bool,
    pub check_markers: bool,
    pub host_start: bool,
    pub path_on_failure: bool,
    pub custom_stats: bool,
    /// Lines around a change.
    pub diff_context: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            verbosity: Verbosity::default(),
            yaml: false,
            changed_first: false,
            pretty: None,
            indent: 4,
            ok: true,
            skipped: true,
            failed_on_stderr: false,
            arguments: false,
            check_markers: false,
            host_start: false,
            path_on_failure: false,
            custom_stats: false,
            diff_context: 3,
        }
    }
}
