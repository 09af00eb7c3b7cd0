//! `encrypt_string`: single values, as they stand in a YAML file.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::files::{Keep, write};
use super::under::{Under, encrypted};
use crate::cli::persona;
use crate::cli::secrets::VaultOptions;
use crate::diag::Diagnostic;
use crate::ui;

#[derive(clap::Args, Debug)]
pub(super) struct EncryptString {
    /// The values; without any, or where one is `-`, standard input is read.
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
    /// The name of the variable, one for each value.
    #[arg(short, long, value_name = "NAME")]
    name: Vec<String>,
    /// The name of the variable whose value standard input is.
    #[arg(long, value_name = "NAME")]
    stdin_name: Option<String>,
    /// Ask for the value.
    #[arg(short, long)]
    prompt: bool,
    /// With --prompt: show what is typed.
    #[arg(long)]
    show_input: bool,
    /// Where the result goes; `-` is standard output.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    output: Option<PathBuf>,
    #[command(flatten)]
    vault: VaultOptions,
    #[command(flatten)]
    under: Under,
}

/// A value to encrypt.
struct Plain {
    name: Option<String>,
    text: String,
    /// Where it comes from, for who reads several.
    origin: &'static str,
}

pub(super) fn run(args: &EncryptString) -> anyhow::Result<()> {
    let secret = args.under.choose(&args.vault)?;
    let all = args.collect()?;
    if let Some(empty) = all.iter().find(|plain| plain.text.is_empty()) {
        return Err(persona::coded(5, Diagnostic::error(format!("{} was empty, not encrypting", empty.origin))));
    }
    let mut blocks = Vec::new();
    for (number, plain) in all.iter().enumerate() {
        let text = encrypted(plain.text.as_bytes(), &secret)?;
        let head = plain.name.as_ref().map_or_else(|| "!vault |".to_owned(), |name| format!("{name}: !vault |"));
        let body: Vec<String> = text.lines().map(|line| format!("          {line}")).collect();
        if all.len() > 1 {
            let what = plain.name.as_ref().map_or_else(|| "the value".to_owned(), |name| format!("the variable `{name}`"));
            ui::note(&format!("# {what}, string {} from {}", number + 1, plain.origin));
        }
        blocks.push(format!("{head}\n{}", body.join("\n")));
    }
    let text = blocks.join("\n") + "\n";
    match &args.output {
        Some(file) => write(file, text.as_bytes(), Keep::Nothing)?,
        None => ui::bytes(text.as_bytes()),
    }
    super::done("Encryption successful");
    Ok(())
}

impl EncryptString {
    /// What is asked for, what is read, what the command line holds, in this order.
    fn collect(&self) -> anyhow::Result<Vec<Plain>> {
        let mut all = Vec::new();
        if self.prompt {
            let name = match &self.name[..] {
                [] => Some(ui::ask("Variable name (enter for no name): ")?).filter(|name| !name.is_empty()),
                [name, ..] => Some(name.clone()),
            };
            let text = if self.show_input { ui::ask("String to encrypt: ")? } else { ui::ask_secret("String to encrypt (hidden): ")? };
            all.push(Plain { name, text, origin: "the prompt" });
        }
        let given: Vec<&String> = self.values.iter().filter(|value| *value != "-").collect();
        let dash = given.len() < self.values.len();
        if dash || self.stdin_name.is_some() || given.is_empty() && !self.prompt {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read the value from standard input")?;
            all.push(Plain { name: self.stdin_name.clone(), text, origin: "stdin" });
        }
        let names = if self.prompt { &[][..] } else { &self.name[..] };
        for (number, value) in given.into_iter().enumerate() {
            all.push(Plain { name: names.get(number).cloned(), text: value.clone(), origin: "the command line" });
        }
        // A name without a value of its own belongs to what was read.
        if let ([only], [name]) = (&mut all[..], names) {
            only.name.get_or_insert_with(|| name.clone());
        }
        Ok(all)
    }
}
