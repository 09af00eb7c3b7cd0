//! `deploy vault`: encrypts, opens and changes files and single values in Ansible's vault format.

mod files;
mod strings;
mod under;

use std::path::{Path, PathBuf};

use super::secrets::VaultOptions;
use super::{ExitCode, persona};
use crate::diag::Diagnostic;
use crate::ui;
use crate::vault::{self, Secret};

use files::{Keep, in_editor, read, write};
use under::{Under, new_secret};

/// Keep secrets in files: encrypt, view, edit, change the password. Files can be read by ansible-vault, and its files here.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy vault encrypt group_vars/all/secrets.yml\n  deploy vault edit group_vars/all/secrets.yml --vault-password-file ~/.vault\n  deploy vault encrypt_string --name db_password"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// There is no more to show: this changes nothing.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, hide = true)]
    verbose: u8,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Encrypt files in place, or standard input.
    Encrypt(Encrypt),
    /// Decrypt files in place, or standard input.
    Decrypt(Files),
    /// Show what is in encrypted files.
    View(View),
    /// Change encrypted files in your editor ($EDITOR).
    Edit(Edit),
    /// Write a new encrypted file in your editor ($EDITOR).
    Create(Create),
    /// Encrypt files anew under another password.
    Rekey(Rekey),
    /// Encrypt single values, to be put into a YAML file.
    #[command(name = "encrypt_string", alias = "encrypt-string")]
    EncryptString(strings::EncryptString),
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
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    output: Option<PathBuf>,
    #[command(flatten)]
    vault: VaultOptions,
}

#[derive(clap::Args, Debug)]
struct View {
    /// The files; `-` is standard input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    vault: VaultOptions,
}

#[derive(clap::Args, Debug)]
struct Edit {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    vault: VaultOptions,
    #[command(flatten)]
    under: Under,
}

#[derive(clap::Args, Debug)]
struct Create {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Open the editor though standard output is no terminal.
    #[arg(long)]
    skip_tty_check: bool,
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
    #[command(flatten)]
    under: Under,
    /// The new password with an id: `id@file`, `id@program`, `id@prompt`.
    #[arg(long, value_name = "ID@SOURCE", conflicts_with = "new_vault_password_file")]
    new_vault_id: Option<String>,
    /// File or executable with the new password.
    #[arg(long, value_name = "FILE")]
    new_vault_password_file: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Encrypt(args) => encrypt(&args)?,
        What::Decrypt(args) => decrypt(&args)?,
        What::View(args) => view(&args)?,
        What::Edit(args) => edit(&args)?,
        What::Create(args) => create(&args)?,
        What::Rekey(args) => rekey(&args)?,
        What::EncryptString(args) => strings::run(&args)?,
    }
    Ok(0)
}

fn encrypt(args: &Encrypt) -> anyhow::Result<()> {
    args.files.check()?;
    let secret = args.under.choose(&args.files.vault)?;
    args.files.each(|content, shown| {
        if std::str::from_utf8(content).is_ok_and(vault::is_encrypted) {
            return Err(Diagnostic::error(format!("input is already encrypted: {shown}")).into());
        }
        Ok(under::encrypted(content, &secret)?.into_bytes())
    })?;
    done("Encryption successful");
    Ok(())
}

fn decrypt(args: &Files) -> anyhow::Result<()> {
    args.check()?;
    let secrets = known(&args.vault)?;
    args.each(|content, shown| Ok(open(content, shown, &secrets)?.0))?;
    done("Decryption successful");
    Ok(())
}

fn view(args: &View) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    for file in named(&args.files) {
        let (mut content, _) = open(&read(&file)?, &file.display().to_string(), &secrets)?;
        if !content.ends_with(b"\n") {
            content.push(b'\n');
        }
        ui::bytes(&content);
    }
    Ok(())
}

fn edit(args: &Edit) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    for file in &args.files {
        let (content, used) = open(&read(file)?, &file.display().to_string(), &secrets)?;
        let changed = in_editor(&content, file)?;
        if changed == content {
            ui::note("nothing changed");
            continue;
        }
        let secret = if args.under.is_named() { args.under.among(&secrets)? } else { used };
        write(file, under::encrypted(&changed, &secret)?.as_bytes(), Keep::Mode)?;
    }
    Ok(())
}

fn create(args: &Create) -> anyhow::Result<()> {
    if !args.skip_tty_check && !ui::stdout_is_terminal() {
        return Err(persona::coded(
            5,
            Diagnostic::error("not a tty, editor cannot be opened").help("--skip-tty-check opens it all the same"),
        ));
    }
    let secret = args.under.choose(&args.vault)?;
    if args.file.exists() {
        return Err(Diagnostic::error(format!("{} exists, please use 'edit' instead", args.file.display())).into());
    }
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.exists()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| Diagnostic::error(format!("cannot make the folder {}: {error}", folder.display())))?;
    }
    let content = in_editor(b"", &args.file)?;
    write(&args.file, under::encrypted(&content, &secret)?.as_bytes(), Keep::Nothing)
}

fn rekey(args: &Rekey) -> anyhow::Result<()> {
    let secrets = known(&args.vault)?;
    let new = new_secret(args.new_vault_id.as_deref(), args.new_vault_password_file.as_deref(), &args.under)?;
    // All are opened before the first is written.
    let mut opened = Vec::new();
    for file in &args.files {
        opened.push((file, open(&read(file)?, &file.display().to_string(), &secrets)?.0));
    }
    for (file, content) in opened {
        write(file, under::encrypted(&content, &new)?.as_bytes(), Keep::Mode)?;
    }
    ui::note("Rekey successful");
    Ok(())
}

impl Files {
    fn check(&self) -> anyhow::Result<()> {
        if self.output.is_some() && self.files.len() > 1 {
            return Err(persona::coded(5, Diagnostic::error("At most one input file may be used with the --output option")));
        }
        Ok(())
    }

    /// Replaces the content of each; all are read and made before the first is written.
    fn each(&self, make: impl Fn(&[u8], &str) -> anyhow::Result<Vec<u8>>) -> anyhow::Result<()> {
        let mut made = Vec::new();
        for file in named(&self.files) {
            let content = make(&read(&file)?, &file.display().to_string())?;
            made.push((self.output.clone().unwrap_or(file), content));
        }
        made.iter().try_for_each(|(file, content)| write(file, content, Keep::Nothing))
    }
}

/// Standard input where no file is named.
fn named(files: &[PathBuf]) -> Vec<PathBuf> {
    if files.is_empty() { vec![PathBuf::from("-")] } else { files.to_vec() }
}

/// The passwords given; asks where there are none.
fn known(options: &VaultOptions) -> anyhow::Result<Vec<Secret>> {
    let secrets = options.secrets()?;
    if secrets.is_empty() { Ok(vec![Secret::from_text(&ui::ask_secret("Vault password: ")?)]) } else { Ok(secrets) }
}

/// The content, and the secret that opened it under the id that the text names.
fn open(content: &[u8], shown: &str, secrets: &[Secret]) -> anyhow::Result<(Vec<u8>, Secret)> {
    let named = |d: Diagnostic| Diagnostic { message: format!("{shown}: {}", d.message), ..d };
    let Some(text) = std::str::from_utf8(content).ok().filter(|text| vault::is_encrypted(text)) else {
        return Err(Diagnostic::error(format!("{shown}: input is not vault encrypted data")).into());
    };
    let (content, used) = vault::open(text, secrets).map_err(named)?;
    Ok((content, used.clone().with_id(vault::id_of(text).as_deref())))
}

/// Says so to who looks; a script goes by the exit code.
fn done(what: &str) {
    if ui::stdout_is_terminal() || !persona::is_ansible() {
        ui::note(what);
    }
}

/// Whether this stands for standard input or output.
fn is_dash(file: &Path) -> bool {
    file == Path::new("-")
}
