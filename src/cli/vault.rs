//! `deploy vault`: encrypts, opens and changes files and single values in Ansible's vault format.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::Context as _;

use super::ExitCode;
use super::secrets::VaultOptions;
use crate::diag::Diagnostic;
use crate::ui;
use crate::vault::{self, Secret};

/// Keep secrets in files: encrypt, view, edit, change the password. Files can be read by ansible-vault, and its files here.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy vault encrypt group_vars/all/secrets.yml\n  deploy vault edit group_vars/all/secrets.yml --vault-password-file ~/.vault\n  deploy vault encrypt_string --name db_password"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Encrypt files in place, or standard input.
    Encrypt(Encrypt),
    /// Decrypt files in place, or standard input.
    Decrypt(Files),
    /// Show what is in encrypted files.
    View(Files),
    /// Change an encrypted file in your editor ($EDITOR).
    Edit(One),
    /// Write a new encrypted file in your editor ($EDITOR).
    Create(One),
    /// Encrypt files anew under another password.
    Rekey(Rekey),
    /// Encrypt single values, to be put into a YAML file.
    #[command(name = "encrypt_string", alias = "encrypt-string")]
    EncryptString(EncryptString),
}

#[derive(clap::Args, Debug)]
struct Encrypt {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    under: Under,
}

#[derive(clap::Args, Debug)]
struct Files {
    /// The files; `-` is standard input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the result goes instead; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    vault: VaultOptions,
}

#[derive(clap::Args, Debug)]
struct One {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    vault: VaultOptions,
    #[command(flatten)]
    under: Under,
}

#[derive(clap::Args, Debug)]
struct Rekey {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    vault: VaultOptions,
    /// The new password with an id: `id@file`, `id@program`, `id@prompt`.
    #[arg(long, value_name = "ID@SOURCE")]
    new_vault_id: Option<String>,
    /// File or executable with the new password.
    #[arg(long, value_name = "FILE")]
    new_vault_password_file: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
struct EncryptString {
    /// The values; without any, standard input is read.
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
    /// The name of the variable, one for each value.
    #[arg(short, long, value_name = "NAME", visible_alias = "stdin-name")]
    name: Vec<String>,
    /// Ask for the value, without showing it.
    #[arg(short, long)]
    prompt: bool,
    #[command(flatten)]
    vault: VaultOptions,
    #[command(flatten)]
    under: Under,
}

#[derive(clap::Args, Debug, Default)]
struct Under {
    /// Of several passwords, the one to encrypt with, by its id.
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Encrypt(args) => encrypt(&args)?,
        What::Decrypt(args) => decrypt(&args)?,
        What::View(args) => view(&args)?,
        What::Edit(args) => edit(&args)?,
        What::Create(args) => create(&args)?,
        What::Rekey(args) => rekey(&args)?,
        What::EncryptString(args) => encrypt_string(&args)?,
    }
    Ok(0)
}

fn encrypt(args: &Encrypt) -> anyhow::Result<()> {
    let secret = args.under.choose(&args.files.vault)?;
    args.files.each(|content, shown| {
        if std::str::from_utf8(content).is_ok_and(vault::is_encrypted) {
            return Err(Diagnostic::error(format!("{shown} is encrypted already")).into());
        }
        Ok(vault::encrypt(content, &secret)?.into_bytes())
    })?;
    ui::note("Encryption successful");
    Ok(())
}

fn decrypt(args: &Files) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    args.each(|content, shown| Ok(open(content, shown, &secrets)?.0))?;
    ui::note("Decryption successful");
    Ok(())
}

fn view(args: &Files) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    for file in args.named() {
        let (content, _) = open(&read(&file)?, &file.display().to_string(), &secrets)?;
        ui::line(String::from_utf8_lossy(&content).trim_end_matches('\n'));
    }
    Ok(())
}

fn edit(args: &One) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    let before = read(&args.file)?;
    let (content, used) = open(&before, &args.file.display().to_string(), &secrets)?;
    let changed = in_editor(&content)?;
    if changed == content {
        ui::note("nothing changed");
        return Ok(());
    }
    let secret = match &args.under.encrypt_vault_id {
        Some(_) => args.under.choose(&args.vault)?,
        None => used,
    };
    write(&args.file, vault::encrypt(&changed, &secret)?.as_bytes())
}

fn create(args: &One) -> anyhow::Result<()> {
    if args.file.exists() {
        return Err(Diagnostic::error(format!("{} exists already", args.file.display()))
            .help("change it with `deploy vault edit`")
            .into());
    }
    let secret = args.under.choose(&args.vault)?;
    let content = in_editor(b"")?;
    write(&args.file, vault::encrypt(&content, &secret)?.as_bytes())
}

fn rekey(args: &Rekey) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    let new = match (&args.new_vault_id, &args.new_vault_password_file) {
        (Some(given), _) => Secret::from_vault_id(given, ask_twice)?,
        (None, Some(file)) => Secret::from_file(file)?,
        (None, None) => Secret::from_text(&ask_twice("New vault password: ")?),
    };
    // All must open before the first is written.
    let mut opened = Vec::new();
    for file in &args.files {
        opened.push((file, open(&read(file)?, &file.display().to_string(), &secrets)?.0));
    }
    for (file, content) in opened {
        write(file, vault::encrypt(&content, &new)?.as_bytes())?;
    }
    ui::note("Rekey successful");
    Ok(())
}

fn encrypt_string(args: &EncryptString) -> anyhow::Result<()> {
    let secret = args.under.choose(&args.vault)?;
    let mut values = args.values.clone();
    if args.prompt {
        values.push(ui::ask_secret("Value to encrypt: ")?);
    } else if values.is_empty() || values == ["-"] {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the value from standard input")?;
        values = vec![text];
    }
    for (i, value) in values.iter().enumerate() {
        let text = vault::encrypt(value.as_bytes(), &secret)?;
        let head = args.name.get(i).map_or_else(|| "!vault |".to_owned(), |name| format!("{name}: !vault |"));
        let body: Vec<String> = text.lines().map(|line| format!("          {line}")).collect();
        ui::line(&format!("{head}\n{}", body.join("\n")));
    }
    Ok(())
}

impl Under {
    /// The password to encrypt with: the one of the id, or the only one, or one that is asked for.
    fn choose(&self, options: &VaultOptions) -> anyhow::Result<Secret> {
        let secrets = options.secrets()?;
        if let Some(id) = &self.encrypt_vault_id {
            let ids: Vec<&str> = secrets.iter().filter_map(Secret::id).collect();
            let error = Diagnostic::error(format!("no vault password has the id `{id}`"))
                .suggest(id, ids)
                .help("give it with --vault-id ID@FILE");
            return secrets.iter().find(|secret| secret.id() == Some(id)).cloned().ok_or_else(|| error.into());
        }
        match secrets.as_slice() {
            [] => Ok(Secret::from_text(&ask_twice("New vault password: ")?)),
            [only] => Ok(only.clone()),
            _ => Err(Diagnostic::error("several vault passwords are given")
                .help("say with --encrypt-vault-id which to encrypt with")
                .into()),
        }
    }
}

impl Files {
    /// Standard input where no file is named.
    fn named(&self) -> Vec<PathBuf> {
        if self.files.is_empty() { vec![PathBuf::from("-")] } else { self.files.clone() }
    }

    /// Replaces the content of each; all are read and made before the first is written.
    fn each(&self, make: impl Fn(&[u8], &str) -> anyhow::Result<Vec<u8>>) -> anyhow::Result<()> {
        let files = self.named();
        if self.output.is_some() && files.len() > 1 {
            return Err(Diagnostic::error("--output takes the result of one file").into());
        }
        let mut made = Vec::new();
        for file in files {
            let content = make(&read(&file)?, &file.display().to_string())?;
            made.push((self.output.clone().unwrap_or(file), content));
        }
        made.iter().try_for_each(|(file, content)| write(file, content))
    }
}

/// The passwords given; asks where there are none.
fn known(options: &VaultOptions) -> anyhow::Result<Vec<Secret>> {
    let secrets = options.secrets()?;
    if secrets.is_empty() { Ok(vec![Secret::from_text(&ui::ask_secret("Vault password: ")?)]) } else { Ok(secrets) }
}

fn ask_twice(prompt: &str) -> std::io::Result<String> {
    let first = ui::ask_secret(prompt)?;
    if ui::ask_secret("Once more: ")? != first {
        return Err(std::io::Error::other("the two passwords differ"));
    }
    Ok(first)
}

/// The content, and the secret that opened it under the id that the text names.
fn open(content: &[u8], shown: &str, secrets: &[Secret]) -> anyhow::Result<(Vec<u8>, Secret)> {
    let named = |d: Diagnostic| Diagnostic { message: format!("{shown}: {}", d.message), ..d };
    let Some(text) = std::str::from_utf8(content).ok().filter(|text| vault::is_encrypted(text)) else {
        return Err(Diagnostic::error(format!("{shown} is not encrypted")).into());
    };
    let (content, used) = vault::open(text, secrets).map_err(named)?;
    Ok((content, used.clone().with_id(vault::id_of(text).as_deref())))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut content = Vec::new();
        std::io::stdin().read_to_end(&mut content).context("cannot read standard input")?;
        return Ok(content);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// In one step, with the permissions that the file had; a new one is for its owner only.
fn write(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    if file == Path::new("-") {
        ui::line(String::from_utf8_lossy(content).trim_end_matches('\n'));
        return Ok(());
    }
    let failed = || format!("cannot write {}", file.display());
    // A link stays a link.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    temporary.write_all(content).with_context(failed)?;
    temporary.as_file().sync_all().with_context(failed)?;
    if let Ok(before) = file.metadata() {
        let mode = std::fs::Permissions::from_mode(before.permissions().mode() & 0o7777);
        temporary.as_file().set_permissions(mode).with_context(failed)?;
    }
    temporary.persist(&file).with_context(failed)?;
    Ok(())
}

/// Lets the user change a text in a file that only they can read, and wipes it.
fn in_editor(content: &[u8]) -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("vault.yml");
    std::fs::OpenOptions::new().write(true).create_new(true).open(&file)?.write_all(content)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    let editor = std::env::var("EDITOR").ok().filter(|editor| !editor.trim().is_empty()).unwrap_or_else(|| "vi".into());
    // The variable may hold options, which the shell splits.
    let status = Process::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(&file)
        .status()
        .context("cannot start the editor")?;
    let changed = std::fs::read(&file);
    if let Ok(meta) = file.metadata() {
        let _ = std::fs::write(&file, vec![0; usize::try_from(meta.len()).unwrap_or(0)]);
    }
    if !status.success() {
        return Err(Diagnostic::error(format!("the editor `{editor}` failed: {status}"))
            .help("set EDITOR to another one; the file is as it was")
            .into());
    }
    Ok(changed?)
}
