//! The arguments of modules: declared once with [`arguments!`](crate::arguments), from which come the typed struct, its
//! documentation, its checks on the controller, and its decoding on the target.
//!
//! Not serde derives: `flatten` and `deny_unknown_fields` exclude each other there (serde.rs/container-attrs.html), aliases
//! are invisible to schema generators, and Ansible's coercions ("yes" is true, "a,b" is a list) need types of our own anyway.

use serde_json::{Map, Value as Json};

use crate::plan::Failure;

mod types;

pub use types::Secret;

/// One documented argument.
#[derive(Clone, Copy)]
pub struct Argument {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub doc: &'static str,
    /// `string`, `boolean`, `integer`, `list`, `path`, …
    pub kind: &'static str,
    pub choices: &'static [&'static str],
    pub required: bool,
    /// As written in the declaration; empty for none.
    pub default: &'static str,
    /// Must never be shown.
    pub secret: bool,
    /// Checks a constant value: the reason why it is not accepted.
    pub check: fn(&Json) -> Result<(), String>,
}

impl Argument {
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    /// Arguments that only our own controller sets; users cannot.
    pub fn internal(&self) -> bool {
        self.name.starts_with('_')
    }
}

/// What holds between arguments. `deploy doc` shows it, the controller and the agent check it.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    Exclusive(&'static [&'static str]),
    OneOf(&'static [&'static str]),
    Together(&'static [&'static str]),
    /// If the first argument has the value, all of these are needed.
    If(&'static str, &'static str, &'static [&'static str]),
    /// If the first argument has the value, at least one of these is needed.
    IfAny(&'static str, &'static str, &'static [&'static str]),
}

/// A struct made by [`arguments!`](crate::arguments).
pub trait Arguments: Sized {
    const SUMMARY: &'static str;
    const ARGUMENTS: &'static [Argument];
    /// From finished (rendered) values, whose names are all known. Wrong types fail and name the argument.
    fn decode(values: &Map<String, Json>) -> Result<Self, Failure>;
}

/// A type that an argument can have.
pub trait Value: Sized {
    const KIND: &'static str;
    const CHOICES: &'static [&'static str] = &[];
    const SECRET: bool = false;
    const REQUIRED: bool = true;
    fn parse(value: &Json) -> Result<Self, String>;
    /// What an argument without default is when it is not given: only an `Option` has an answer.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const SECRET: bool = T::SECRET;
    const REQUIRED: bool = false;
    fn parse(value: &Json) -> Result<Self, String> {
        if value.is_null() { Ok(None) } else { T::parse(value).map(Some) }
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// The value as a short text for messages.
pub fn shown(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 { format!("{}…", text.chars().take(60).collect::<String>()) } else { text }
}

pub fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "a dictionary",
    }
}

/// Reads one argument out of `values`; used by [`arguments!`](crate::arguments).
pub fn take<T: Value>(values: &Map<String, Json>, argument: &Argument, default: Option<T>) -> Result<T, Failure> {
    let given = std::iter::once(&argument.name).chain(argument.aliases).find_map(|name| values.get(*name));
    match given {
        Some(Json::Null) | None => default
            .or_else(T::absent)
            .ok_or_else(|| Failure::argument(argument.name, format!("missing required arguments: {}", argument.name))),
        Some(value) => T::parse(value).map_err(|why| Failure::argument(argument.name, format!("argument `{}` {why}", argument.name))),
    }
}

/// Fails on names that no argument has, and on arguments that do not go together.
pub fn check(module: &str, known: &[Argument], rules: &[Rule], values: &Map<String, Json>) -> Result<(), Failure> {
    refuse_unknown(values, known, |unknown| {
        let mut names: Vec<&str> = known.iter().filter(|a| !a.internal()).map(|a| a.name).collect();
        let mut aliases: Vec<&str> = known.iter().filter(|a| !a.internal()).flat_map(|a| a.aliases).copied().collect();
        names.sort_unstable();
        aliases.sort_unstable();
        let short = module.strip_prefix("ansible.builtin.").unwrap_or(module);
        let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        let (unknown, names) = (unknown.join(", "), names.join(", "));
        format!("Unsupported parameters for ({short}) module: {unknown}. Supported parameters include: {names}{aliases}.")
    })?;
    check_rules(rules, &|name| {
        let argument = known.iter().find(|a| a.name == name)?;
        values.iter().find(|(given, _)| argument.is(given)).map(|(_, value)| value.clone())
    })
}

/// Fails on names that no argument has; `said` makes the message of them.
pub fn refuse_unknown(values: &Map<String, Json>, known: &[Argument], said: impl FnOnce(&[&str]) -> String) -> Result<(), Failure> {
    let mut unknown: Vec<&str> = values.keys().map(String::as_str).filter(|name| !known.iter().any(|a| a.is(name))).collect();
    unknown.sort_unstable();
    match unknown.first() {
        Some(first) => Err(Failure::argument(first, said(&unknown))),
        None => Ok(()),
    }
}

/// Checks [`Rule`]s: `given` tells the value of an argument by its main name, if it is given at all.
pub fn check_rules(rules: &[Rule], given: &dyn Fn(&str) -> Option<Json>) -> Result<(), Failure> {
    let present = |name: &&&str| given(name).is_some_and(|v| !v.is_null());
    let list = |names: &[&str]| names.join(", ");
    let equals =
        |name: &str, value: &str| given(name).is_some_and(|v| String::parse(&v).is_ok_and(|v| v == value || v.to_lowercase() == value));
    for rule in rules {
        match rule {
            Rule::Exclusive(names) if names.iter().filter(present).count() > 1 => {
                let second = names.iter().filter(present).nth(1).unwrap_or(&"");
                return Err(Failure::argument(second, format!("parameters are mutually exclusive: {}", names.join("|"))));
            }
            Rule::OneOf(names) if names.iter().filter(present).count() == 0 => {
                return Err(Failure::new(format!("one of the following is required: {}", list(names))));
            }
            Rule::Together(names) if (1..names.len()).contains(&names.iter().filter(present).count()) => {
                return Err(Failure::new(format!("parameters are required together: {}", list(names))));
            }
            Rule::If(name, value, needed) if equals(name, value) && !needed.iter().all(|n| present(&n)) => {
                let missing: Vec<&str> = needed.iter().filter(|n| !present(n)).copied().collect();
                return Err(Failure::argument(name, format!("{name} is {value} but all of the following are missing: {}", list(&missing))));
            }
            Rule::IfAny(name, value, needed) if equals(name, value) && !needed.iter().any(|n| present(&n)) => {
                return Err(Failure::argument(name, format!("{name} is {value} but any of the following are missing: {}", list(needed))));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Declares the arguments of a module.
///
/// ```ignore
/// arguments! {
///     /// Reads the state of a file.
///     pub(crate) struct Stat {
///         /// The file's path.
///         path: PathBuf ["dest", "name"],          // required; aliases in brackets
///         /// Follow links.
///         follow: bool = false,                     // default
///         /// Who owns it.
///         owner: Option<String>,                    // may be left out
///     }
/// }
/// ```
/// A group of arguments that several modules share is another such struct, named after the fields: `} + attributes: FileAttributes`.
#[macro_export]
macro_rules! arguments {
    (
        $(#[doc = $summary:literal])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $doc:literal])* $field:ident : $ty:ty $([ $($alias:literal),* ])? $(= $default:expr)? ),* $(,)?
        } $(+ $group:ident : $group_ty:ty)?
    ) => {
        $(#[doc = $summary])*
        #[derive(Clone, Debug)]
        #[allow(dead_code, reason = "some arguments are accepted for the sake of playbooks and mean nothing here")]
        $vis struct $name { $( $(#[doc = $doc])* $vis $field: $ty, )* $($vis $group: $group_ty,)? }

        impl $crate::modules::arguments::Arguments for $name {
            const SUMMARY: &'static str = concat!($($summary, "\n"),*);
            const ARGUMENTS: &'static [$crate::modules::arguments::Argument] = {
                const OWN: &[$crate::modules::arguments::Argument] = &[$(
                    $crate::modules::arguments::Argument {
                        name: $crate::modules::arguments::plain(stringify!($field)),
                        aliases: &[$($($alias),*)?],
                        doc: concat!($($doc, "\n"),*),
                        kind: <$ty as $crate::modules::arguments::Value>::KIND,
                        choices: <$ty as $crate::modules::arguments::Value>::CHOICES,
                        required: <$ty as $crate::modules::arguments::Value>::REQUIRED && concat!($(stringify!($default))?).is_empty(),
                        default: concat!($(stringify!($default))?),
                        secret: <$ty as $crate::modules::arguments::Value>::SECRET,
                        check: |value| <$ty as $crate::modules::arguments::Value>::parse(value).map(|_| ()),
                    }
                ),*];
                #[allow(unused_variables, unused_mut, reason = "only structs with a group join two lists")]
                const GROUP: &[$crate::modules::arguments::Argument] = $crate::arguments!(@group $($group_ty)?);
                const JOINED: [$crate::modules::arguments::Argument; OWN.len() + GROUP.len()] =
                    $crate::modules::arguments::join(OWN, GROUP);
                &JOINED
            };

            fn decode(values: &serde_json::Map<String, serde_json::Value>) -> Result<Self, $crate::plan::Failure> {
                Self::decode_known(values)
            }
        }

        impl $name {
            /// Decodes without refusing other names: for a group inside a larger set of arguments.
            #[allow(unused_assignments, unused_imports, unused_variables, unused_mut, reason = "a struct may have no fields of its own")]
            $vis fn decode_known(values: &serde_json::Map<String, serde_json::Value>) -> Result<Self, $crate::plan::Failure> {
                use $crate::modules::arguments::Arguments as _;
                let mut at = 0;
                $(
                    let default: Option<$ty> = $crate::arguments!(@default $($default)?);
                    let $field = $crate::modules::arguments::take(values, &Self::ARGUMENTS[at], default)?;
                    at += 1;
                )*
                Ok($name { $($field,)* $($group: <$group_ty>::decode_known(values)?,)? })
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
    (@group) => { &[] };
    (@group $ty:ty) => { <$ty as $crate::modules::arguments::Arguments>::ARGUMENTS };
}

/// Declares an argument type with a fixed set of words.
///
/// ```ignore
/// choices! { pub(crate) enum State { File = "file", Absent = "absent" } }
/// ```
#[macro_export]
macro_rules! choices {
    ($(#[doc = $doc:literal])* $vis:vis enum $name:ident { $($variant:ident = $word:literal $(| $other:literal)*),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $($variant),* }

        impl $crate::modules::arguments::Value for $name {
            const KIND: &'static str = "string";
            const CHOICES: &'static [&'static str] = &[$($word),*];
            fn parse(value: &serde_json::Value) -> Result<Self, String> {
                match <String as $crate::modules::arguments::Value>::parse(value)?.to_lowercase().as_str() {
                    $($word $(| $other)* => Ok($name::$variant),)*
                    _ => Err(format!(
                        "must be one of {}, not {}",
                        <Self as $crate::modules::arguments::Value>::CHOICES.join(", "),
                        $crate::modules::arguments::shown(value)
                    )),
                }
            }
        }

        impl $name {
            /// The word as users write it.
            #[allow(dead_code, reason = "not every module writes its word back")]
            $vis fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }
    };
}

/// A field's name as users write it: `r#type` is `type`, `become_` stays.
pub const fn plain(name: &'static str) -> &'static str {
    let bytes = name.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' { name.split_at(2).1 } else { name }
}

/// Two lists of arguments in one, at compile time.
pub const fn join<const N: usize>(own: &[Argument], group: &[Argument]) -> [Argument; N] {
    const NONE: Argument = Argument {
        name: "",
        aliases: &[],
        doc: "",
        kind: "",
        choices: &[],
        required: false,
        default: "",
        secret: false,
        check: |_| Ok(()),
    };
    let mut all = [NONE; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < own.len() { own[i] } else { group[i - own.len()] };
        i += 1;
    }
    all
}
